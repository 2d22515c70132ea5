"""What an operator is told of an error that they can mend."""


def mendable(error: Exception) -> str | None:
    """What an operator can mend, in one line; None for what is a mistake of the program's.

    Where one of these was raised, its module is loaded.
    """
    from hufu.configuration import SettingsRefused  # noqa: PLC0415
    from hufu.services.delivery import ProviderMisconfigured  # noqa: PLC0415
    from hufu.services.erasures import JournalUnavailable  # noqa: PLC0415
    from hufu.services.postgres import PostgresUnavailable  # noqa: PLC0415
    from hufu.services.templates import TemplateRefused  # noqa: PLC0415
    from hufu.storage.loss import DatabaseUnavailable  # noqa: PLC0415
    from hufu.storage.schema import MigrationBlocked  # noqa: PLC0415

    match error:
        case SettingsRefused() | ProviderMisconfigured() | TemplateRefused() | MigrationBlocked():
            return str(error)
        case PostgresUnavailable():
            return f"the embedded database: {error}"
        case JournalUnavailable():
            return f"the journal of erasures: {error}"
        case DatabaseUnavailable():
            return f"the database cannot be reached ({error})"
        case _:
            return None
