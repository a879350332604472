"""Whose points they are, whatever their login is."""

from stagedoor.keys import LEFT_POINTS, POINTS
from tests.services.loyalty.harness import Stage


async def test_a_balance_follows_a_viewer_with_a_new_login(stage: Stage) -> None:
    """strimertül's defect 44: points are keyed by login. Writing anything is enough, also after a restart."""
    await stage.set_up()
    await stage.put(POINTS + "ada", {"points": 70, "id": "1", "display_name": "Ada", "note": "x"})
    await stage.put(POINTS + "lovelace", {"points": 3})
    await stage.restart()
    await stage.answers()
    assert await stage.chat("Lovelace", "hello", id_="1") == []
    assert stage.desk.keys(POINTS) == [POINTS + "last", POINTS + "lovelace"]
    expected = {"points": 73, "id": "1", "display_name": "Lovelace", "note": "x"}
    assert stage.desk.read(POINTS + "lovelace") == expected
    await stage.chat("Lovelace", "hello again", id_="1")
    assert stage.desk.read(POINTS + "lovelace") == expected


async def test_a_balance_follows_a_viewer_who_only_watches(stage: Stage) -> None:
    await stage.set_up(config={"enabled": True, "points": {"interval": 60, "amount": 10}})
    await stage.put(POINTS + "ada", {"points": 70, "id": "1"})
    await stage.go_live()
    stage.chatters = [{"id": "1", "login": "lovelace", "name": "Lovelace"}]
    await stage.pass_round(60)
    assert stage.desk.read(POINTS + "lovelace") == {"points": 80, "id": "1", "display_name": "Lovelace"}
    assert stage.balance("ada") is None


async def test_who_gets_somebody_elses_old_login_gets_no_points_with_it(stage: Stage) -> None:
    await stage.set_up()
    await stage.put(POINTS + "ada", {"points": 70, "id": "1", "display_name": "Ada"})
    assert await stage.chat("Ada", "!contribute all", id_="2") == ["I'm sorry Ada, you have no wishes to give"]
    assert stage.desk.read(LEFT_POINTS + "1") == {"points": 70, "id": "1", "display_name": "Ada"}
    assert await stage.chat("Countess", "!balance", id_="1") == ["Countess: you have 70 wishes!"]
    assert (stage.desk.keys(LEFT_POINTS), stage.balance("countess")) == ([], 70)


async def test_two_accounts_that_swap_logins_keep_their_points(stage: Stage) -> None:
    await stage.set_up()
    await stage.put(POINTS + "a", {"points": 1, "id": "1"})
    await stage.put(POINTS + "b", {"points": 2, "id": "2"})
    assert await stage.chat("A", "!balance", id_="2") == ["A: you have 2 wishes!"]
    assert await stage.chat("B", "!balance", id_="1") == ["B: you have 1 wishes!"]
    assert await stage.chat("A", "!balance", id_="1") == ["A: you have 1 wishes!"]
    assert await stage.chat("B", "!balance", id_="2") == ["B: you have 2 wishes!"]


async def test_a_message_without_an_id_moves_nothing(stage: Stage) -> None:
    await stage.set_up()
    await stage.put(POINTS + "ada", {"points": 70, "id": "1"})
    assert await stage.chat("Ada", "!balance", id_="") == ["Ada: you have 70 wishes!"]
    assert stage.desk.read(POINTS + "ada") == {"points": 70, "id": "1"}


async def test_names_longer_than_any_are_passed_over(stage: Stage) -> None:
    await stage.set_up()
    assert await stage.chat("A" * 600, "!balance") == []
    assert await stage.chat("Ada", "!balance", id_="1" * 600) == []


async def test_a_login_whose_balance_has_gone_is_forgotten(stage: Stage) -> None:
    await stage.set_up()
    await stage.put(POINTS + "ada", {"points": 70, "id": "1"})
    await stage.desk.put(POINTS + "ada", None)
    assert await stage.chat("Lovelace", "hello", id_="1") == []
    assert await stage.chat("Lovelace", "!balance", id_="1") == ["Lovelace: you have 0 wishes!"]
    assert stage.desk.keys(POINTS) == [POINTS + "last"]


async def test_an_id_that_no_key_can_hold_is_none(stage: Stage) -> None:
    await stage.set_up()
    await stage.put(POINTS + "ada", {"points": 70, "id": "1" * 600})
    assert await stage.chat("Ada", "!balance", id_="1") == ["Ada: you have 70 wishes!"]
    redeem = {
        "username": "ada",
        "reward": {"id": "x", "price": 5},
        "when": "2026-05-01T19:00:00Z",
        "user_id": "2" * 600,
    }
    await stage.desk.ask("loyalty/@create-redeem", **redeem)
    assert await stage.desk.ask("loyalty/@refund-redeem", **redeem) == {"username": "ada", "points": 75}
