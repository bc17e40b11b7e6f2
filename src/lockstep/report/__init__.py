"""From a RunResult to text and pictures; knows results, never engines."""

from lockstep.report.write import FIGURES as FIGURES
from lockstep.report.write import PAGES as PAGES
from lockstep.report.write import write as write
from lockstep.report.write import write_prices as write_prices
