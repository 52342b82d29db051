import assert from "node:assert/strict";
import { test } from "node:test";
import { buttonColours, contrast, palette, parse } from "../../app/static/widget/colour.js";

const STEPS = ["00", "33", "66", "99", "cc", "ff"];
const COLOURS = STEPS.flatMap((red) => STEPS.flatMap((green) => STEPS.map((blue) => `#${red}${green}${blue}`)));
const SURFACE = { light: "#ffffff", dark: "#16171c" };
const TEXT = { light: "#1a1c24", dark: "#ecedf2" };
const between = (one, other) => contrast(parse(one), parse(other));

for (const theme of ["light", "dark"]) {
  test(`whatever colour a shop has, all of the ${theme} widget can be read`, () => {
    for (const colour of COLOURS) {
      const made = palette(colour, theme);
      const about = `${colour} ${JSON.stringify(made)}`;
      assert.ok(between(made["--on-accent"], made["--accent"]) >= 4.5, `ink ${about}`);
      assert.ok(between(made["--on-accent"], made["--accent-hover"]) >= 4.5, `hover ${about}`);
      assert.ok(between(made["--accent"], SURFACE[theme]) >= 3, `control ${about}`);
      assert.ok(between(made["--accent-text"], SURFACE[theme]) >= 4.5, `text ${about}`);
      assert.ok(between(made["--accent-text"], made["--accent-soft"]) >= 4.5, `soft ${about}`);
      assert.ok(between(TEXT[theme], made["--accent-soft"]) >= 4.5, `button ${about}`);
      assert.ok(between(TEXT[theme], made["--bubble-us"]) >= 7, `bubble ${about}`);
      assert.ok(between(made["--focus-color"], SURFACE[theme]) >= 3, `focus ${about}`);
    }
  });
}

test("the round button keeps the shop's colour and gets an ink that can be read on it", () => {
  assert.deepEqual(buttonColours("#ffd400"), { fill: "#ffd400", ink: "#14151a" });
  assert.deepEqual(buttonColours("#4250c9"), { fill: "#4250c9", ink: "#ffffff" });
  for (const colour of COLOURS) {
    const { fill, ink } = buttonColours(colour);
    assert.ok(between(fill, ink) >= 4.5, colour);
  }
});

test("what is no colour becomes our own", () => {
  for (const wrong of [null, "", "red", "#12", "url(x)"]) assert.deepEqual(parse(wrong), [66, 80, 201]);
  assert.deepEqual(parse("#fa0"), [255, 170, 0]);
});
