"""A worker that fans out and delivers until it is killed: the jobs of a process, without serving anybody."""

import asyncio
import sys
from pathlib import Path

from app import settings, wiring
from app.jobs import scheduler


async def main() -> None:
    async with wiring.running(), scheduler.running():
        await asyncio.Event().wait()


if __name__ == "__main__":
    data, url, secret = sys.argv[1:]
    settings.configure(data=Path(data), database_url=url, secret_key=secret, allow_private_addresses=True,
                       webhook_seconds_max=4, webhook_retry_seconds=1, lease_seconds=4)  # fmt: skip
    asyncio.run(main())
