"""The project file, ``mill.toml``: one table a room, every key typed, all faults told at once."""

from __future__ import annotations

from textmill.config.flowing import StepConfig
from textmill.config.judging import EvaluateConfig
from textmill.config.learning import (
    CandidateConfig,
    DecideConfig,
    DistilConfig,
    FeaturesConfig,
    TextConfig,
    TuneConfig,
)
from textmill.config.models import ModelConfig, TrainConfig
from textmill.config.policy import PolicyConfig, load_policy
from textmill.config.project import MillConfig, ProjectConfig, load
from textmill.config.rows import ExpectConfig, ReadConfig, SplitConfig
from textmill.config.telling import NotifyConfig, SmtpConfig
from textmill.config.timing import ScheduleConfig
from textmill.names import Cleaner, Language
from textmill.settings import from_mapping
from textmill.threads import thread_count

__all__ = [
    "CandidateConfig",
    "Cleaner",
    "DecideConfig",
    "DistilConfig",
    "EvaluateConfig",
    "ExpectConfig",
    "FeaturesConfig",
    "Language",
    "MillConfig",
    "ModelConfig",
    "NotifyConfig",
    "PolicyConfig",
    "ProjectConfig",
    "ReadConfig",
    "ScheduleConfig",
    "SmtpConfig",
    "SplitConfig",
    "StepConfig",
    "TextConfig",
    "TrainConfig",
    "TuneConfig",
    "from_mapping",
    "load",
    "load_policy",
    "thread_count",
]
