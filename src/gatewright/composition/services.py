"""Opens and closes all services of one gateway process together."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

from gatewright.backends.readers import ReaderPool
from gatewright.backends.sql.leases import SqlLeases
from gatewright.backends.sql.measures import check_writes
from gatewright.composition.accounting import open_accounting
from gatewright.composition.accounts import open_accounts
from gatewright.composition.announcements import open_announcements
from gatewright.composition.arrays import open_datasets
from gatewright.composition.compute import open_compute
from gatewright.composition.files import open_files
from gatewright.composition.health import open_health, parts_of_systems
from gatewright.composition.images import ImageServices, open_images
from gatewright.composition.measures import measures_of
from gatewright.composition.people import open_people
from gatewright.composition.readers import open_readers
from gatewright.composition.state import open_database, open_event_hub
from gatewright.composition.store import open_expiry, open_store
from gatewright.composition.systems import BackendResources
from gatewright.core.concurrency import ConcurrencyLimit
from gatewright.core.config import Config
from gatewright.core.disk import check_room
from gatewright.core.events import EventHub
from gatewright.core.health import Health, Part
from gatewright.core.measures import Measure
from gatewright.domains.accounting import Accounting
from gatewright.domains.arrays import Datasets
from gatewright.domains.compute import JobService, JobTokens
from gatewright.domains.files import CommandService, FileService
from gatewright.domains.identity import RequestedIdentity
from gatewright.domains.status import Announcements
from gatewright.domains.store import Listings, Store


@dataclass(frozen=True, slots=True)
class Services:
    """The services that the faces use."""

    config: Config
    """The gateway's configuration."""
    events: EventHub
    """The hub of the event log."""
    identity: RequestedIdentity
    """Accounts, sessions, tokens and the audit log."""
    health: Health
    """Health checks of the parts that the gateway needs."""
    measures: Mapping[str, Measure]
    """Gauges that are measured when metrics are requested, by name."""
    readers: ReaderPool
    """Processes that parse files of arrays and images."""
    datasets: Datasets
    """The catalogue of gridded data, and reading from it."""
    images: ImageServices
    """Surveys, their images, what is made of them, and what is found in them."""
    jobs: JobService
    """Jobs on the systems."""
    job_tokens: JobTokens
    """Tokens of jobs."""
    accounting: Accounting
    """Projects and usage."""
    announcements: Announcements
    """Incidents, planned outages and notices of administrators."""
    files: FileService
    """Files on the systems, accessed as the caller."""
    commands: CommandService
    """Commands on the systems, run as the caller."""
    streams: ConcurrencyLimit
    """Limit of each user's open event streams and followed outputs."""
    cutouts: ConcurrencyLimit
    """Limit of each user's archives of cut-outs under way."""
    store: Store
    """Collections of JSON documents."""
    listings: Listings
    """Lists, queries and changes of documents."""


@asynccontextmanager
async def open_services(config: Config) -> AsyncIterator[Services]:
    """Open every backend that the configuration names, and yield the services."""
    async with AsyncExitStack() as stack:
        database = await open_database(config, stack)
        events, leases = open_event_hub(database), SqlLeases(database)
        readers = await open_readers(config, stack)
        images = await open_images(config, database, events, readers, leases, stack)
        accounts = await open_accounts(config, database, leases, stack)
        people = await open_people(config, stack, accounts.remote)
        resources = BackendResources(
            people.workers, leases.lease, people.service_account, people.homes
        )
        files, commands = await open_files(config, resources, stack)
        store, listings = await open_store(
            config, database, stack, accounts.identity.users
        )
        expiry = await open_expiry(store, leases, stack)
        announcements = open_announcements(config, database)
        accounting = await open_accounting(config, database, resources, stack)
        compute = await open_compute(
            config,
            database,
            events,
            resources,
            accounts.identity,
            stack,
            announcements.check_takes_jobs,
            accounting.check_charge,
        )
        parts = {
            "database": Part(events.log.latest, vital=True),
            "database/writes": Part(partial(check_writes, database)),
            "disk": Part(partial(check_room, config.gateway.state)),
            "readers": Part(readers.ready),
            "expiry": Part(expiry.ready),
            "accounts": Part(accounts.following.ready),
            "job-tokens": Part(compute.ending.ready),
            **images.parts,
            **people.parts,
            **parts_of_systems(config, files, compute, people.with_files),
        }
        limits = config.limits
        yield Services(
            config=config,
            events=events,
            identity=accounts.identity,
            health=open_health(parts, stack),
            measures=measures_of(config, database, readers, people.running),
            readers=readers,
            datasets=open_datasets(config, readers),
            images=images,
            jobs=compute.jobs,
            job_tokens=compute.tokens,
            accounting=accounting,
            announcements=announcements,
            files=files,
            commands=commands,
            streams=ConcurrencyLimit(limits.streams_per_user, "streams"),
            cutouts=ConcurrencyLimit(limits.cutouts_per_user, "archives of cut-outs"),
            store=store,
            listings=listings,
        )
