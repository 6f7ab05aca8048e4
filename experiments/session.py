"""What plans that one process carries out in a row have in common."""

import dataclasses
import gc
from collections.abc import Collection, Mapping

import jax

from damldg_jax.corpora.sources import Source
from damldg_jax.dataset import Dataset
from experiments.config import Config
from experiments.data import Prepared, load
from experiments.prepare import prepare
from experiments.programs import Programs
from experiments.teams import everyone


class Session:
    """Keeps the data and the compiled programs of the last plan for the next one."""

    def __init__(self) -> None:
        """Has nothing yet."""
        self._wanted: object = None
        self._prepared: Prepared | None = None
        self._programs: Programs | None = None
        self._up_to_date: set[tuple[str, Source]] = set()

    def data(
        self,
        sources: Mapping[str, Source],
        config: Config,
        trained: Collection[str] = (),
    ) -> Prepared:
        """The data of some corpora, read unless they are those of the last plan.

        Args:
          sources: where they lie, by name; their records are brought up to date, once.
          config: all settings.
          trained: corpora that are trained on, of which there are altered copies if
            the settings ask for any.

        Returns:
          The data.

        Raises:
          InputError: corpora cannot be found, prepared or read.
        """
        trained = sorted(trained)
        wanted = dict(sources), trained, dataclasses.replace(config, methods=())
        if wanted != self._wanted or self._prepared is None:
            self._forget()
            self.bring_up_to_date(sources, config)
            for variant in config.variants:
                own = {name: sources[name] for name in trained}
                self.bring_up_to_date(own, config.altered(variant))
            self._prepared = load(sources, config, trained)
            self._wanted = wanted
        return self._prepared

    def _forget(self) -> None:
        """Makes room, as there may be none for two data sets and their programs."""
        if self._prepared is not None:
            self._wanted = self._prepared = self._programs = None
            jax.clear_caches()
            gc.collect()

    def programs(self, dataset: Dataset, config: Config) -> Programs:
        """What is compiled for the data that were asked for last.

        Args:
          dataset: these data.
          config: all settings.
        """
        if self._programs is None:
            self._programs = Programs(dataset, config)
        return self._programs

    def bring_up_to_date(self, sources: Mapping[str, Source], config: Config) -> None:
        """Prepares corpora that this session has not yet seen to.

        Of several processes, the first one prepares.

        Args:
          sources: the corpora, by name.
          config: all settings.

        Raises:
          InputError: corpora cannot be found or prepared.
        """
        of, done = config.features, self._up_to_date
        new = {n: s for n, s in sources.items() if (of, s) not in done}
        if not new:
            return
        team = everyone()
        team.tell(lambda: prepare(new, config))
        if not team.writes:
            # Finds it done, or has disks of its own; what is new is not made anew.
            prepare(new, dataclasses.replace(config, overwrite=False))
        self._up_to_date |= {(of, source) for source in new.values()}
