"""The compiled player: one loop over the clock for strategies that are signals.

Its functions are compiled without numba's reference counting (`_nrt=False`): every array comes from
outside and lives as long as the call, and counting references to some thirty of them at each call
cost four fifths of the time. So nothing here allocates.
"""
