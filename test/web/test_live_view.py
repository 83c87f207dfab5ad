"""Pictures on their way to those who look, and health."""

from __future__ import annotations

import asyncio

from lprnet_ros.web.live_view import MOST_CAMERAS, MOST_STATUSES, LivePicture, LiveView

PICTURE = LivePicture(b"\xff\xd8\xff", {"readings": []})


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_camera_is_watched_while_somebody_waits_and_for_a_moment_after():
    clock = Clock()
    view = LiveView(clock)
    assert view.add_camera("/gate")
    assert not view.is_watched("/gate")
    assert not view.is_open()

    async def look() -> object:
        waiting = asyncio.ensure_future(view.next("/gate", 0, 60.0))
        await asyncio.sleep(0)
        clock.now += 100.0
        assert view.is_watched("/gate")
        view.show("/gate", PICTURE)
        return await waiting

    assert asyncio.run(look()) == (1, PICTURE)
    assert view.is_watched("/gate")
    assert view.is_open()
    clock.now += 10.0
    assert not view.is_watched("/gate")
    assert not view.is_open()


def test_only_the_newest_picture_is_kept_and_shown_once():
    view = LiveView()
    view.add_camera("/gate")
    other = LivePicture(b"\x89PNG", {})
    view.show("/gate", PICTURE)
    view.show("/gate", other)

    async def look() -> list[object]:
        return [await view.next("/gate", 0, 0.01), await view.next("/gate", 2, 0.01)]

    assert asyncio.run(look()) == [(2, other), None]
    assert (PICTURE.content_type, other.content_type) == ("image/jpeg", "image/png")


def test_cameras_and_statuses_are_bounded():
    view = LiveView()
    for number in range(10_000):
        view.add_camera(f"/camera_{number}")
        view.tell(f"name {number}", 0, "", {})
    assert len(view.cameras) == MOST_CAMERAS
    assert len(view.health()) == MOST_STATUSES
    assert view.add_camera("/camera_0")
    assert not view.add_camera("/another")


def test_a_status_that_stays_away_is_stale():
    clock = Clock()
    view = LiveView(clock)
    view.tell("/lpr_node: readings", 1, "frames dropped", {"read": "7"})
    assert [one["level"] for one in view.health()] == [1]
    clock.now += 6.0
    (status,) = view.health()
    assert (status["level"], status["message"], status["values"]) == (
        3,
        "nothing heard for 6 s",
        {"read": "7"},
    )
