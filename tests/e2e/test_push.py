"""The service worker in a real browser: what the push service hands over is shown, closed, and opens its item.

The headless browser knows no push service: our own stands in for it, and Chromium's own protocol delivers what it got.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, CDPSession, Page, Worker, expect

from tests.browsers import LiveServer, SignIn
from tests.push_services import PushService, push_service
from tests.waiting import eventually

__all__ = ["push_service"]

# The browser's half of a subscription; asking for the permission is counted.
SUBSCRIBING = """
(() => {
  const subscription = %s;
  let mine = null;
  window.asked = 0;
  const ask = Notification.requestPermission.bind(Notification);
  Notification.requestPermission = () => { window.asked += 1; return ask(); };
  const made = { ...subscription, options: {}, toJSON: () => subscription, unsubscribe: async () => { mine = null; } };
  PushManager.prototype.getSubscription = async () => mine;
  PushManager.prototype.subscribe = async () => (mine = made);
})();
"""
# Until it is asked for, nobody has said yes or no.
UNDECIDED = "Object.defineProperty(Notification, 'permission', { get: () => (window.asked ? 'granted' : 'default') })"
HIDE = """(hidden) => {
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
  document.dispatchEvent(new Event('visibilitychange'));
}"""
SHOWN = "self.registration.getNotifications().then((all) => all.map((one) => [one.title, one.body]))"


@pytest.fixture(autouse=True)
def no_devices_left(live_server: LiveServer) -> Iterator[None]:
    """The push service of a test ends with it."""
    yield
    live_server.sql("DELETE FROM devices")


def switched_on(sign_in: SignIn, service: PushService, name: str) -> Page:
    """A window of staff2 whose browser was switched on in the settings."""
    page = sign_in("staff2", path="", permissions=["notifications"])
    page.context.add_init_script(SUBSCRIBING % json.dumps(service.subscribe(name).subscription))
    page.goto(f"{page.url.split('/center')[0]}/profile/#notifications")
    expect(page.get_by_role("heading", name="Browser and mobile")).to_be_visible()
    assert page.evaluate("window.asked") == 0, "nothing is asked before somebody wants it"
    page.get_by_role("button", name="This device").click()
    expect(page.locator(".fd-toast").filter(has_text="now receives notifications")).to_be_visible()
    assert page.evaluate("window.asked") == 1
    return page


def offered(sign_in: SignIn, service: PushService, name: str, live_server: LiveServer) -> Page:
    """The same, switched on where it was offered: after something had come into a hidden tab."""
    page = sign_in("staff2", path="", permissions=["notifications"])
    page.context.add_init_script(SUBSCRIBING % json.dumps(service.subscribe(name).subscription))
    page.context.add_init_script(UNDECIDED)
    page.goto(f"{live_server.url}/center/")
    expect(page.locator("#fd-center-root")).to_have_attribute("data-connection", "live")
    page.evaluate(HIDE, True)
    task_for(live_server, "staff2", "Oil the chain")
    expect(page.locator(".fd-item").filter(has_text="Oil the chain").first).to_be_visible()
    assert page.get_by_role("button", name="Switch on").count() == 0
    page.evaluate(HIDE, False)
    page.get_by_role("button", name="Switch on").click()
    expect(page.locator(".fd-toast").filter(has_text="now receives notifications")).to_be_visible()
    return page


def task_for(live_server: LiveServer, name: str, words: str) -> None:
    colleague = live_server.call(name, "GET", "/me").json()["id"]
    answer = live_server.call(
        "manager", "POST", "/tasks/", text=words, due_at="2031-05-05T10:40:00+00:00", responsible_id=colleague
    )
    assert answer.status_code == 201, answer.text


def registration(cdp: CDPSession) -> str:
    """The number by which Chromium knows our worker."""
    found: list[dict[str, Any]] = []
    cdp.on("ServiceWorker.workerRegistrationUpdated", lambda event: found.extend(event["registrations"]))
    cdp.send("ServiceWorker.enable")
    return str(eventually(lambda: cdp.send("Target.getTargets") and found)[-1]["registrationId"])


def worker_of(context: BrowserContext) -> Worker:
    return eventually(lambda: context.service_workers, what="the service worker")[0]


def test_a_push_is_shown_closed_when_read_elsewhere_and_opens_its_item(
    sign_in: SignIn, live_server: LiveServer, push_service: PushService
) -> None:
    page = switched_on(sign_in, push_service, "chromium")
    context, origin = page.context, live_server.url
    worker, other = worker_of(context), context.new_page()
    cdp = context.new_cdp_session(other)
    number = registration(cdp)

    def deliver(payload: dict[str, Any]) -> None:
        message = {"origin": origin, "registrationId": number, "data": json.dumps(payload)}
        cdp.send("ServiceWorker.deliverPushMessage", message)

    def pushed(what: str) -> dict[str, Any]:
        def arrived() -> dict[str, Any] | None:
            assert push_service.refused == []
            return next((one.payload for one in push_service.taken if what in json.dumps(one.payload)), None)

        return eventually(arrived, what=f"a push with {what}")

    page.close()  # with a tab in front of somebody, that tab shows the popup and no push comes
    task_for(live_server, "staff2", "Ring the frame builder")
    news = pushed("Ring the frame builder")
    deliver(news)
    shown = eventually(lambda: worker.evaluate(SHOWN), what="the notification")
    assert shown == [[news["title"], news["body"]]]
    assert "Ring the frame builder" in news["title"]

    # A second one about something else stays when the first is read on another device.
    task_for(live_server, "staff2", "Order brake pads")
    kept = pushed("Order brake pads")
    deliver(kept)
    eventually(lambda: len(worker.evaluate(SHOWN)) == 2)
    live_server.call("staff2", "POST", "/center/read", items=[news["item"]])
    deliver(pushed('"type": "read"'))
    assert eventually(lambda: [one for one in [worker.evaluate(SHOWN)] if len(one) == 1])[0][0][0] == kept["title"]

    # Only a person's own click may open windows: the event is ours, so that what it asks for is looked at.
    opened = worker.evaluate("""async () => {
      const [notification] = await self.registration.getNotifications();
      const event = new NotificationEvent("notificationclick", { notification });
      let done;
      Object.defineProperty(event, "waitUntil", { value: (promise) => (done = promise) });
      const asked = [];
      Clients.prototype.openWindow = async (url) => asked.push(url);
      self.dispatchEvent(event);
      await done;
      return [asked, (await self.registration.getNotifications()).length];
    }""")
    assert opened == [[kept["url"]], 0], "a click opens what it is about, and the notification goes"
    other.goto(kept["url"])
    expect(other.get_by_role("heading", name="Order brake pads").first).to_be_visible()


def test_without_a_network_the_worker_answers_with_a_page_of_its_own(
    sign_in: SignIn, live_server: LiveServer, push_service: PushService
) -> None:
    page = offered(sign_in, push_service, "offline", live_server)
    worker_of(page.context)
    eventually(lambda: page.evaluate("caches.match('/offline').then(Boolean)"), what="the page to be kept")
    page.context.set_offline(True)
    page.goto(f"{live_server.url}/center/")
    expect(page.get_by_role("heading")).to_have_text("No connection")
    page.context.set_offline(False)
