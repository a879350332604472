"""Questions to the owner: how many, for how long, and what may stand in them."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stagedoor.access import Answer, Asker, AskQueue, AskRefused, Metadata, Verdict
from tests.kilovolt.harness import FakeClock

FAR = Asker("198.51.100.7")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def asks(clock: FakeClock) -> AskQueue:
    return AskQueue(clock)


class Answers:
    """Asks, and keeps the verdicts."""

    def __init__(self, asks: AskQueue) -> None:
        self.asks = asks
        self.verdicts: list[Verdict] = []

    def put(self, asker: Asker = FAR) -> str:
        return self.asks.put(asker, Metadata(name="App"), self.hear).id

    def hear(self, answer: Answer) -> None:
        self.verdicts.append(answer.verdict)


@pytest.fixture
def answers(asks: AskQueue) -> Answers:
    return Answers(asks)


def pages(number: int) -> list[Asker]:
    return [Asker(f"198.51.100.{index}") for index in range(number)]


# --- answers ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("allow", "remember", "verdict"),
    [
        (True, False, Verdict.ALLOWED),
        (True, True, Verdict.REMEMBERED),
        (False, False, Verdict.DENIED),
        (False, True, Verdict.DENIED),
    ],
)
def test_the_owners_answer_reaches_the_asker_once(
    asks: AskQueue, answers: Answers, clock: FakeClock, allow: bool, remember: bool, verdict: Verdict
) -> None:
    ask = answers.put()
    assert asks.answer(ask, allow=allow, remember=remember)
    assert not asks.answer(ask, allow=True)
    asks.withdraw(ask)
    clock.advance(1000)
    assert answers.verdicts == [verdict]


def test_no_answer_within_two_minutes_is_a_no(asks: AskQueue, answers: Answers, clock: FakeClock) -> None:
    ask = answers.put()
    clock.advance(119.9)
    assert answers.verdicts == []
    clock.advance(0.1)
    assert answers.verdicts == [Verdict.EXPIRED]
    assert not asks.answer(ask, allow=True)


def test_nobody_hears_of_a_question_that_was_withdrawn(asks: AskQueue, answers: Answers, clock: FakeClock) -> None:
    # strimertül's defect 1: to answer a question whose asker had left ended the process.
    ask = answers.put()
    asks.withdraw(ask)
    asks.withdraw(ask)
    assert not asks.answer(ask, allow=True)
    clock.advance(1000)
    assert (answers.verdicts, len(asks)) == ([], 0)


def test_an_unknown_question_has_no_answer(asks: AskQueue) -> None:
    assert not asks.answer("1", allow=True)
    assert not asks.answer("", allow=True)


def test_open_questions_are_listed_oldest_first(asks: AskQueue, answers: Answers, clock: FakeClock) -> None:
    ids = []
    for asker in pages(3):
        ids.append(answers.put(asker))
        clock.advance(1)
    assert [ask.id for ask in asks.open] == ids
    assert [ask.asked_at for ask in asks.open] == [1000.0, 1001.0, 1002.0]
    asks.answer(ids[1], allow=True)
    assert [ask.id for ask in asks.open] == [ids[0], ids[2]]


def test_an_id_is_never_used_again(asks: AskQueue, answers: Answers) -> None:
    first = answers.put()
    asks.answer(first, allow=True)
    assert answers.put() != first


def test_watchers_hear_of_each_opening_and_end(asks: AskQueue, answers: Answers, clock: FakeClock) -> None:
    sizes: list[int] = []
    asks.watch(lambda: sizes.append(len(asks)))
    first, second, _, fourth = (answers.put(asker) for asker in pages(4))
    asks.answer(first, allow=True)
    asks.answer(second, allow=False)
    asks.withdraw(fourth)
    clock.advance(120)
    assert sizes == [1, 2, 3, 4, 3, 2, 1, 0]


# --- limits -------------------------------------------------------------------------------------------------------


def test_five_questions_in_all(asks: AskQueue, answers: Answers) -> None:
    # strimertül's defect 39: there was no limit.
    ids = [answers.put(asker) for asker in pages(5)]
    with pytest.raises(AskRefused):
        answers.put(Asker("203.0.113.1"))
    assert len(asks) == 5
    asks.withdraw(ids[0])
    answers.put(Asker("203.0.113.1"))


def test_three_questions_a_minute(asks: AskQueue, answers: Answers, clock: FakeClock) -> None:
    for _ in range(3):
        asks.withdraw(answers.put())
        clock.advance(10)
    with pytest.raises(AskRefused):
        answers.put()
    answers.put(Asker("203.0.113.1"))
    clock.advance(31)
    answers.put()
    with pytest.raises(AskRefused):
        answers.put()


def test_an_attempt_that_was_refused_does_not_count(asks: AskQueue, answers: Answers, clock: FakeClock) -> None:
    for _ in range(3):
        asks.withdraw(answers.put())
    for _ in range(59):
        clock.advance(1)
        with pytest.raises(AskRefused):
            answers.put()
    clock.advance(2)
    answers.put()


def test_a_page_is_counted_by_its_origin_wherever_it_runs(asks: AskQueue, answers: Answers) -> None:
    for number in range(3):
        asks.withdraw(answers.put(Asker(f"198.51.100.{number}", origin="https://page.example")))
    with pytest.raises(AskRefused):
        answers.put(Asker("198.51.100.9", origin="https://page.example"))
    answers.put(Asker("198.51.100.9", origin="https://other.example"))
    answers.put(Asker("198.51.100.9"))


def test_who_was_let_in_has_not_been_nagging(asks: AskQueue, answers: Answers) -> None:
    for _ in range(10):
        asks.answer(answers.put(), allow=True)
    assert answers.verdicts == [Verdict.ALLOWED] * 10


def test_three_refusals_within_a_minute_silence_for_a_minute(
    asks: AskQueue, answers: Answers, clock: FakeClock
) -> None:
    for _ in range(3):
        asks.answer(answers.put(), allow=False)
        clock.advance(19)
    # The first question was asked 57 s ago; the silence goes on for longer than that.
    clock.advance(21)
    with pytest.raises(AskRefused, match="refused too often"):
        answers.put()
    clock.advance(19)
    with pytest.raises(AskRefused):
        answers.put()
    clock.advance(2)
    answers.put()


def test_refusals_far_apart_silence_nobody(asks: AskQueue, answers: Answers, clock: FakeClock) -> None:
    for _ in range(10):
        asks.answer(answers.put(), allow=False)
        clock.advance(31)
    assert answers.verdicts == [Verdict.DENIED] * 10


def test_ten_thousand_askers_take_little_memory(asks: AskQueue, answers: Answers) -> None:
    for number in range(10_000):
        asks.withdraw(answers.put(Asker(f"asker {number}")))
    assert len(asks._histories) <= 1024


# --- what an application says of itself ---------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=500),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
URLS = st.text(max_size=20).map(lambda text: f"https://{text}") | st.sampled_from(
    ["javascript:alert(1)", "data:image/png;base64,AAAA", "http://x", "HTTPS://X", "//x", "file:///etc", "ht\ntp://x"]
)


MEMBERS = dict.fromkeys(("name", "author", "url", "icon", "verificationCode", "more"), JSON | URLS)


@settings(max_examples=300, deadline=None)
@given(st.fixed_dictionaries({}, optional=MEMBERS))
def test_whatever_is_said_becomes_short_plain_text(members: dict[str, object]) -> None:
    metadata = Metadata.read(members)
    for text in (metadata.name, metadata.author, metadata.url, metadata.verification_code):
        assert len(text) <= 200
        assert not any(unicodedata.category(character).startswith("C") for character in text)
    assert not any(unicodedata.category(character).startswith("C") for character in metadata.icon)
    assert len(metadata.icon) <= 65_536
    assert metadata.url == "" or metadata.url.lower().startswith(("http://", "https://"))
    assert metadata.icon == "" or metadata.icon.lower().startswith(("data:image/", "https://"))


def test_what_is_said_is_shown() -> None:
    assert Metadata.read(
        {
            "name": "My overlay 🎥",
            "author": "Mé <b>",
            "url": "https://example.com/a?b#c",
            "icon": "https://example.com/icon.png",
            "verificationCode": "1234",
        }
    ) == Metadata("My overlay 🎥", "Mé <b>", "https://example.com/a?b#c", "https://example.com/icon.png", "1234")


def test_what_is_left_out_is_empty() -> None:
    assert Metadata.read({}) == Metadata()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("two\nlines", "twolines"),
        ("tab\there", "tabhere"),
        ("nul\0", "nul"),
        ("\x1b[31mred", "[31mred"),
        ("\u202etxt.exe", "txt.exe"),
        ("zero\u200bwidth", "zerowidth"),
        ("\ufefffirst", "first"),
        ("  around  ", "around"),
        ("line\u2028break\u2029", "linebreak"),
        ("x" * 300, "x" * 200),
        (5, "5"),
        (True, "True"),
        (None, ""),
        (["x"], ""),
        ({"x": 1}, ""),
    ],
)
def test_text_is_cleaned(said: object, shown: str) -> None:
    assert Metadata.read({"name": said}).name == shown


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JavaScript://example.com/%0aalert(1)",
        "data:text/html,x",
        "file:///etc/passwd",
        "ftp://example.com",
        "//example.com",
        "example.com",
        "https:",
        "https:///path",
        "https:example.com",
        "http://[",
        "",
    ],
)
def test_only_links_to_the_web_are_shown(url: str) -> None:
    assert Metadata.read({"url": url}).url == ""


@pytest.mark.parametrize(
    "icon",
    [
        "http://example.com/icon.png",
        "data:text/html,<script>",
        "javascript:alert(1)",
        "file:///icon.png",
        "/icon.png",
        "https://example.com/" + "x" * 300,
    ],
)
def test_only_icons_that_can_be_shown_safely_are_shown(icon: str) -> None:
    # strimertül's defect 39: a picture was fetched from anywhere.
    assert Metadata.read({"icon": icon}).icon == ""


def test_an_icon_may_come_along() -> None:
    icon = "data:image/png;base64," + "A" * 20_000
    assert Metadata.read({"icon": icon}).icon == icon


def test_an_icon_that_is_too_large_is_not_shown_in_part() -> None:
    assert Metadata.read({"icon": "data:image/png;base64," + "A" * 70_000}).icon == ""
