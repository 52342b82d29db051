// The emoji of the picker, with the words that find them. Ours, short, and drawn by the system's own font.

const RAW = {
  "Used often": "👍 thumbs up yes like|👎 thumbs down no dislike|❤️ heart love|😂 joy laugh tears|🎉 party tada celebrate|🙏 thanks please pray|👀 eyes look|✅ check done|🚀 rocket ship launch|🔥 fire hot|💯 hundred|👏 clap applause|🙌 hooray raised hands|💪 strong muscle|🤔 thinking hmm|😅 sweat smile phew",
  Faces: "😀 grin happy|😃 smile happy|😄 laugh happy|😁 beam|😆 laughing|🤣 rofl rolling laugh|🙂 slight smile|🙃 upside down|😉 wink|😊 blush|😇 angel innocent|🥰 love hearts|😍 heart eyes|🤩 star struck wow|😘 kiss|😋 yum tasty|😜 crazy tongue wink|🤪 zany|🤗 hug|🤭 oops giggle|🤫 quiet shh|🤐 zip mouth|😐 neutral|😑 expressionless|😶 no mouth|😏 smirk|😒 unamused|🙄 roll eyes|😬 grimace|😌 relieved|😔 pensive sad|😴 sleep tired|🤒 sick ill fever|🤕 hurt bandage|🤧 sneeze cold|🥵 hot|🥶 cold freezing|😵 dizzy|🤯 mind blown|🥳 party birthday|😎 cool sunglasses|🤓 nerd|🧐 monocle inspect|😕 confused|😟 worried|🙁 frown sad|😮 surprised wow|😲 astonished|😳 flushed|🥺 pleading|😢 cry sad|😭 sob cry|😱 scream shock|😞 disappointed|😓 downcast sweat|😩 weary|😫 tired|🥱 yawn bored|😤 huff proud|😡 angry|🤬 swear|😈 devil|💀 skull dead|🤡 clown|👻 ghost|🤖 robot bot",
  People: "👋 wave hello bye|🤚 hand|✋ hand stop high five|👌 ok perfect|🤌 pinched|✌️ peace victory|🤞 fingers crossed luck|🤟 love you|🤘 rock|🤙 call me|👈 left|👉 right|👆 up|👇 down|☝️ point up one|✊ fist|👊 punch bump|🤝 handshake deal|✍️ writing|💅 nails|👂 ear listen|🧠 brain|👤 person|👥 people team|🤷 shrug dunno|🤦 facepalm|🙋 raise hand question|🙇 bow sorry|💁 info|🏃 run hurry|🚶 walk|🚴 cyclist bicycle|🕺 dance|💃 dance",
  Things: "🚲 bicycle bike|🛴 scooter|🚗 car|🚚 truck delivery|✈️ plane travel|🚂 train|⛽ fuel|🏠 house home|🏢 office building|🏭 factory|🛒 cart shop|💻 laptop computer|🖥️ screen|📱 phone mobile|☎️ telephone|🖨️ printer|📷 camera|💡 idea bulb|🔦 torch|🔧 wrench repair|🔨 hammer|⚙️ gear settings|🔩 bolt|🔑 key|🔒 lock closed|🔓 open unlock|📦 package box|📬 mailbox|✉️ mail letter|📧 email|📝 note memo|📄 document page|📎 clip attach|📌 pin|📍 place|📅 calendar date|🗓️ calendar|⏰ alarm clock|⏳ waiting hourglass|⌛ time over|📈 chart up growth|📉 chart down|📊 bar chart report|💰 money bag|💳 card payment|💸 money gone|🧾 receipt invoice|🎁 gift|🏆 trophy win|🥇 first medal|⭐ star|🌟 glow star|✨ sparkles new|⚡ fast lightning|💥 boom|💤 sleep|🎵 music|🎯 target goal|🎲 dice|🧩 puzzle|🔔 bell|🔕 mute bell|🔍 search|🔗 link|🗑️ trash delete",
  Food: "☕ coffee break|🍵 tea|🍺 beer|🍷 wine|🥂 cheers|🍕 pizza lunch|🍔 burger|🌮 taco|🥗 salad|🍣 sushi|🍜 noodles|🥐 croissant|🍞 bread|🍎 apple|🍌 banana|🍓 strawberry|🍰 cake|🎂 birthday cake|🍪 cookie|🍫 chocolate|🍦 ice cream|🍿 popcorn",
  Nature: "🐶 dog|🐱 cat|🐭 mouse|🐰 rabbit|🦊 fox|🐻 bear|🐼 panda|🦁 lion|🐷 pig|🐸 frog|🐵 monkey|🙈 see no evil|🐔 chicken|🐧 penguin|🦄 unicorn|🐝 bee|🐛 bug|🦋 butterfly|🐢 turtle|🐍 snake|🐙 octopus|🐬 dolphin|🌱 plant grow|🌳 tree|🌸 flower|🌹 rose|🍀 luck clover|☀️ sun|🌤️ cloud sun|🌧️ rain|⛈️ storm|❄️ snow|🌈 rainbow|🌍 earth world|🌙 moon",
  Signs: "❌ no cross wrong|❗ exclamation|❓ question|⚠️ warning|🚫 forbidden|⛔ stop|♻️ recycle|➕ plus|➖ minus|✔️ check|☑️ checkbox|🔴 red|🟠 orange|🟡 yellow|🟢 green|🔵 blue|🟣 purple|⚫ black|⚪ white|🆕 new|🆗 ok|🆘 help sos|🔝 top|🔜 soon|▶️ play|⏸️ pause|⏩ forward|🔁 repeat|💬 speech message|💭 thought|🏁 finish flag|🚩 flag|💙 blue heart|💚 green heart|💛 yellow heart|🧡 orange heart|💜 purple heart|🖤 black heart|💔 broken heart",
};

/** `[{name, emoji: [{char, words}]}]` */
export const GROUPS = Object.entries(RAW).map(([name, list]) => ({
  name,
  emoji: list.split("|").map((one) => ({ char: one.slice(0, one.indexOf(" ")), words: one.slice(one.indexOf(" ") + 1) })),
}));

const ALL = GROUPS.flatMap(({ emoji }) => emoji);
const WORDS = new Map(ALL.map(({ char, words }) => [char, words]));

/** Those with a word that begins so, best first, each once. */
export function findEmoji(query, most = 60) {
  const q = query.trim().toLowerCase();
  const starts = (words) => words.split(" ").some((word) => word.startsWith(q));
  const found = ALL.filter(({ words }) => starts(words) || words.startsWith(q));
  return [...new Map(found.sort((a, b) => b.words.startsWith(q) - a.words.startsWith(q)).map((one) => [one.char, one])).values()].slice(0, most);
}

/** What a screen reader says for one. */
export const emojiName = (char) => (WORDS.get(char) ?? char).split(" ").slice(0, 2).join(" ");
