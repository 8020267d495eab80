"""Every table of the app in one metadata, for migrations and the test that finds drift."""

from sqlmodel import SQLModel

from app.domain.alerts.tables import Alert
from app.domain.authorizations.tables import Authorization
from app.domain.cards.tables import Card
from app.domain.catalogue.tables import CatalogueModel
from app.domain.chain_deposits.tables import DepositAddress
from app.domain.conversations.tables import ConversationRow
from app.domain.credentials.tables import Credential
from app.domain.disputes.tables import Dispute
from app.domain.drafts.tables import PaywallDraft
from app.domain.earnings.tables import EarningsMaturity
from app.domain.events.tables import PaywallEvent
from app.domain.funnel.tables import FunnelRound
from app.domain.icons.tables import PaywallIcon
from app.domain.inbox.tables import InboxEvent
from app.domain.instance.tables import Instance
from app.domain.leases.tables import Lease
from app.domain.ledger.tables import LedgerAccount
from app.domain.legs.tables import RequestLeg
from app.domain.movements.tables import RailMovement
from app.domain.operators.tables import OperatorChange
from app.domain.orders.tables import OrderRow
from app.domain.payouts.tables import Payout
from app.domain.paywalls.tables import PaywallRow
from app.domain.people.tables import PersonAccount
from app.domain.pricing.tables import ModelPrice
from app.domain.providers.tables import ProviderRefusal
from app.domain.refunds.tables import Refund
from app.domain.reserves.tables import ReserveReport
from app.domain.rollups.tables import PaywallRollup
from app.domain.routing.tables import ModelBreaker
from app.domain.safety.tables import SafetyMark
from app.domain.topups.tables import Topup
from app.domain.transactions.tables import ChainTransaction
from app.domain.usage.tables import Request
from app.domain.wallets.tables import Wallet

ONE_OF_EACH_FILE = (
    Alert, Authorization, Card, CatalogueModel, ChainTransaction, ConversationRow, Credential, DepositAddress, Dispute,
    EarningsMaturity, FunnelRound, InboxEvent, Instance, Lease, LedgerAccount, ModelBreaker, ModelPrice, OperatorChange,
    OrderRow,
    Payout, PaywallDraft, PaywallEvent, PaywallIcon, PaywallRollup, PaywallRow, PersonAccount, ProviderRefusal,
    RailMovement, Refund, Request, RequestLeg, ReserveReport, SafetyMark, Topup, Wallet,
)  # fmt: skip
METADATA = SQLModel.metadata
