"""`hufu janitor`."""

from collections import Counter
from pathlib import Path

import click

from hufu.actions.janitor import Swept
from hufu.cli.configured import configured
from hufu.cli.options import JSON, with_database
from hufu.cli.output import print_json, print_table, progress, stamp
from hufu.core import Core
from hufu.domain.retention import Perishable


@click.command()
@configured
@click.option("--dry-run", is_flag=True, help="Only count what would be removed.")
@JSON
def janitor(config: Path | None, data: Path | None, dry_run: bool, as_json: bool) -> None:
    """Remove once what ended long ago, as `hufu serve` does by itself."""

    async def work(core: Core) -> tuple[Counter[Perishable], str | None]:
        found: Counter[Perishable] = Counter()
        before = await core.janitor.done_at()
        with progress() as bar:
            tasks = {kind: bar.add_task(kind, visible=False) for kind in Perishable}

            def show(swept: Swept) -> None:
                found[swept.kind] += swept.found
                bar.update(tasks[swept.kind], completed=swept.seen, total=swept.pages, visible=True)

            await core.janitor.sweep(show, dry=dry_run)
        return found, stamp(before) if before else None

    found, before = with_database(config, data, work)
    rows = {str(kind): found[kind] for kind in Perishable}
    if as_json:
        print_json({"removed": not dry_run, "rows": rows, "last_time": before})
        return
    print_table(("table", "would be removed" if dry_run else "removed"), rows.items())
    click.echo(f"\nThe time before: {before or 'never'}.")
