"""The demo's chain is configured as any other is."""

from pathlib import Path

from app import settings
from app.adapters.chain.dev import kept
from app.adapters.mail.kept import KeptMailer
from app.domain import clock
from app.domain.money import Environment
from app.flows.events.mails import Desk
from app.wiring.dev_chain import demo_chain
from app.wiring.settlement import Settlement
from tests.emulators.anvil import packages


async def test_a_demo_has_a_chain_and_a_test_wallet(tmp_path: Path, data_dir: Path) -> None:
    (tmp_path / kept.PACKAGES).mkdir()
    (tmp_path / kept.PACKAGES / packages().parent.name).symlink_to(packages().parent)
    with demo_chain(tmp_path, lambda _step, _share: None) as setting:
        for is_demo in (True, False):
            settings.configure(chains=(setting,), is_demo=is_demo)
            settlement = Settlement(settings.get, Desk(KeptMailer(clock.now), frozenset()), "http://127.0.0.1:8000")
            (chain,) = settlement.chains.of(Environment.SANDBOX)
            await chain.check()
            assert await chain.has_code(chain.rules.factory, await chain.head())
            assert (settlement.test_wallet is not None) == is_demo
            await settlement.close()
