"""Accounts, credentials, sessions, challenges, profiles, limits, events, outbox."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

TABLES = """
CREATE TABLE accounts (
    id integer PRIMARY KEY CHECK (id > 0),
    pool text NOT NULL,
    state text NOT NULL CHECK (state IN ('active', 'barred', 'closed')),
    created_at timestamptz NOT NULL
);

-- scope is '' for the whole pool, or the app in which an unverified identifier signs in.
CREATE TABLE identifiers (
    pool text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('phone', 'email', 'user_name')),
    key text NOT NULL,
    scope text NOT NULL,
    shown text NOT NULL,
    account_id integer NOT NULL REFERENCES accounts,
    verified boolean NOT NULL,
    bound_at timestamptz NOT NULL,
    PRIMARY KEY (pool, kind, key, scope)
);
CREATE INDEX identifiers_by_account ON identifiers (account_id);

CREATE TABLE passwords (
    account_id integer NOT NULL REFERENCES accounts,
    purpose text NOT NULL CHECK (purpose IN ('sign_in', 'payment')),
    scheme text NOT NULL CHECK (scheme IN ('plain', 'md5')),
    pepper_version smallint NOT NULL,
    argon2 text NOT NULL,
    set_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, purpose)
);

CREATE TABLE roles (
    account_id integer NOT NULL REFERENCES accounts,
    app text NOT NULL,
    role text NOT NULL,
    granted_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, app)
);

CREATE TABLE role_requests (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    account_id integer NOT NULL REFERENCES accounts,
    app text NOT NULL,
    role text NOT NULL,
    requested_at timestamptz NOT NULL,
    decided_at timestamptz
);
CREATE INDEX role_requests_by_account ON role_requests (account_id);

CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    account_id integer NOT NULL REFERENCES accounts,
    app text NOT NULL,
    token_hash bytea NOT NULL UNIQUE,
    method text NOT NULL,
    device text,
    network text,
    user_agent text NOT NULL,
    created_at timestamptz NOT NULL,
    seen_at timestamptz NOT NULL,
    idle interval NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE UNIQUE INDEX sessions_by_device ON sessions (account_id, app, device);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE codes (
    id integer PRIMARY KEY CHECK (id > 0),
    pool text NOT NULL,
    app text NOT NULL,
    purpose text NOT NULL,
    kind text NOT NULL,
    key text NOT NULL,
    shown text NOT NULL,
    binding text NOT NULL,
    account_id integer REFERENCES accounts,
    digest bytea NOT NULL,
    guesses smallint NOT NULL DEFAULT 0,
    sent_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    spent_at timestamptz,
    voided_at timestamptz
);
CREATE INDEX codes_by_identifier ON codes (pool, kind, key, sent_at DESC);
CREATE INDEX codes_by_account ON codes (account_id) WHERE account_id IS NOT NULL;
CREATE INDEX codes_by_expiry ON codes (expires_at);

CREATE TABLE registrations (
    id integer PRIMARY KEY CHECK (id > 0),
    pool text NOT NULL,
    app text NOT NULL,
    code_id integer NOT NULL UNIQUE,
    kind text NOT NULL,
    key text NOT NULL,
    shown text NOT NULL,
    scheme text NOT NULL,
    pepper_version smallint NOT NULL,
    argon2 text NOT NULL,
    network text,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    voided_at timestamptz,
    account_id integer REFERENCES accounts
);
CREATE INDEX registrations_by_identifier ON registrations (pool, kind, key)
    WHERE voided_at IS NULL AND account_id IS NULL;
CREATE INDEX registrations_by_network ON registrations (network)
    WHERE voided_at IS NULL AND account_id IS NULL;
CREATE INDEX registrations_by_expiry ON registrations (expires_at);

CREATE TABLE grants (
    token_hash bytea PRIMARY KEY,
    account_id integer NOT NULL REFERENCES accounts,
    app text NOT NULL,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    claimed_at timestamptz
);
CREATE INDEX grants_by_account ON grants (account_id, issued_at DESC);

CREATE TABLE captchas (
    app text NOT NULL,
    id text NOT NULL,
    owner bytea NOT NULL,
    sealed bytea NOT NULL,
    drawn_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    spent_at timestamptz,
    PRIMARY KEY (app, id)
);
CREATE INDEX captchas_by_expiry ON captchas (expires_at);

-- name_key is set only in apps where a display name is unique.
CREATE TABLE profiles (
    account_id integer NOT NULL REFERENCES accounts,
    app text NOT NULL,
    name text NOT NULL,
    name_key text,
    sex smallint NOT NULL,
    zip text,
    province text,
    city text,
    address text,
    country text,
    avatar text,
    logo_url text,
    organisation text,
    organisation_address text,
    person_name text,
    qq text,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    signed_in_at timestamptz NOT NULL,
    PRIMARY KEY (account_id, app)
);
CREATE UNIQUE INDEX profiles_by_name ON profiles (app, name_key);

CREATE TABLE handles (
    app text NOT NULL,
    key text NOT NULL,
    shown text NOT NULL,
    account_id integer NOT NULL REFERENCES accounts,
    released_at timestamptz,
    PRIMARY KEY (app, key)
);
CREATE UNIQUE INDEX handles_by_account ON handles (account_id, app) WHERE released_at IS NULL;

-- sole is the blind index again, set only in apps where a number belongs to one account.
CREATE TABLE identity_numbers (
    account_id integer NOT NULL REFERENCES accounts,
    app text NOT NULL,
    real_name text NOT NULL,
    sealed bytea NOT NULL,
    blind_index bytea NOT NULL,
    sole bytea,
    set_at timestamptz NOT NULL,
    verified_at timestamptz,
    PRIMARY KEY (account_id, app)
);
CREATE INDEX identity_numbers_by_number ON identity_numbers (app, blind_index);
CREATE UNIQUE INDEX identity_numbers_sole ON identity_numbers (app, sole);

CREATE TABLE invitations (
    account_id integer PRIMARY KEY REFERENCES accounts,
    inviter_id integer NOT NULL REFERENCES accounts,
    app text NOT NULL,
    set_at timestamptz NOT NULL,
    CHECK (account_id <> inviter_id)
);
CREATE INDEX invitations_by_inviter ON invitations (inviter_id);

-- The times of the latest hits inside the longest window of the limit; never more than its cap.
CREATE TABLE limits (
    name text NOT NULL,
    subject text NOT NULL,
    hits timestamptz[] NOT NULL,
    PRIMARY KEY (name, subject)
);

CREATE TABLE budgets (
    app text NOT NULL,
    day date NOT NULL,
    spent bigint NOT NULL,
    PRIMARY KEY (app, day)
);

CREATE TABLE events (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at timestamptz NOT NULL,
    app text,
    account_id integer,
    kind text NOT NULL,
    network text,
    facts jsonb NOT NULL
);
CREATE INDEX events_by_account ON events (account_id, id DESC);

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    app text NOT NULL,
    channel text NOT NULL CHECK (channel IN ('sms', 'email')),
    recipient text NOT NULL,
    purpose text NOT NULL,
    sealed bytea NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz,
    due_at timestamptz NOT NULL,
    attempts smallint NOT NULL DEFAULT 0,
    sent_at timestamptz,
    failed_at timestamptz
);
CREATE INDEX outbox_due ON outbox (due_at) WHERE sent_at IS NULL AND failed_at IS NULL;
CREATE INDEX outbox_by_recipient ON outbox (recipient, id DESC);
"""


def upgrade() -> None:
    """Create every table."""
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)


def downgrade() -> None:
    """There is nothing below the first version."""
    raise RuntimeError("the first version of the schema cannot be undone")
