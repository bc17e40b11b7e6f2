"""From a RunResult to text and pictures; knows results, never engines."""

from lockstep.report.write import write as write
