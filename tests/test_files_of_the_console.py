"""A file's way through a running server: uploaded over HTTP, compared and imported over Kilovolt, then gone."""

from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import pytest
from aiohttp import ClientSession

from stagedoor import keys
from stagedoor.kilovolt import Client
from stagedoor.kilovolt.errors import KilovoltError
from tests.conftest import Server


async def new_pass(server: Server, owner: Client, session: ClientSession) -> str:
    """Open the console as a browser does."""
    link = msgspec.json.decode(await owner.call(keys.CONSOLE_LINK, ""))["url"]
    code = urlsplit(link).fragment.removeprefix("code=")
    async with session.post(f"{server.console_url}/pass", json={"code": code}) as response:
        token: str = (await response.json())["token"]
    return token


async def ask(owner: Client, key: str, **request: object) -> dict[str, object]:
    return msgspec.json.decode(await owner.call(key, msgspec.json.encode(request).decode()), type=dict[str, object])


async def test_a_file_is_uploaded_compared_and_imported(tmp_path: Path) -> None:
    server = Server(tmp_path / "data", console=True)
    await server.start()
    try:
        async with Client(server.url, token=server.control_token) as owner, ClientSession() as session:
            session.headers["Authorization"] = f"Bearer {await new_pass(server, owner, session)}"
            async with session.post(f"{server.console_url}/upload", data=b'{"a/b": "1"}') as response:
                path = (await response.json())["path"]
            compared = await ask(owner, keys.COMPARE, path=path, mode="import")
            assert compared["add"] == {"count": 1, "keys": ["a/b"]}
            assert await owner.call(keys.IMPORT, msgspec.json.encode({"path": path}).decode()) == "1"
            with pytest.raises(KilovoltError, match="No such file"):
                await ask(owner, keys.COMPARE, path=path)
            assert (await ask(owner, keys.BROWSE, prefix="a/"))["total"] == 1
            backup = await ask(owner, keys.BACKUP)
            async with session.get(f"{server.console_url}/backups/{backup['name']}") as response:
                assert (await response.json(content_type=None))["a/b"] == "1"
            assert (await ask(owner, keys.FOLDERS, path=str(server.data)))["may_be_served"] is False
            assert "Twitch" in await ask(owner, keys.EVENTS)
    finally:
        await server.stop()
