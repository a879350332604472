"""What ends by itself in a world: polls, the time to bet, and hype trains that nobody drives on."""

import asyncio
from collections.abc import Callable

from stagedoor.fake_twitch.support import HypeTrain
from stagedoor.fake_twitch.world import Poll, Prediction, World
from stagedoor.types import JsonObject


class Deadlines:
    """Ends each thing when its time is over by the world's clock. Its tasks live until :meth:`close`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._waiting: set[asyncio.Task[None]] = set()
        world.listeners.append(self._happened)

    def _happened(self, topic: str, _: JsonObject, __: dict[str, str]) -> None:
        world = self._world
        if topic == "channel.poll.begin":
            poll = world.polls[0]
            self._at(poll.started_at + poll.duration_s, lambda: self._end_poll(poll))
        elif topic == "channel.prediction.begin":
            prediction = world.predictions[0]
            self._at(prediction.started_at + prediction.window_s, lambda: self._lock(prediction))
        elif topic in ("channel.hype_train.begin", "channel.hype_train.progress") and world.hype_train is not None:
            train = world.hype_train
            self._at(train.expires_at, lambda: self._end_train(train))

    def _end_poll(self, poll: Poll) -> None:
        if poll.status == "active":
            self._world.poll_end(poll)

    def _lock(self, prediction: Prediction) -> None:
        if prediction.status == "active":
            self._world.prediction_lock(prediction)

    def _end_train(self, train: HypeTrain) -> None:
        if self._world.hype_train is train and train.expires_at <= self._world.clock.now():
            self._world.hype_train_end()

    def _at(self, moment: float, do: Callable[[], None]) -> None:
        async def wait() -> None:
            await self._world.clock.sleep_until(moment)
            do()

        task = asyncio.get_running_loop().create_task(wait())
        self._waiting.add(task)
        task.add_done_callback(self._waiting.discard)

    async def close(self) -> None:
        """End nothing any more."""
        self._world.listeners.remove(self._happened)
        for task in self._waiting:
            task.cancel()
        await asyncio.gather(*self._waiting, return_exceptions=True)
