"""Who may ask what, and how often: API keys, limits and usage.

Everything lies in ``access.db`` of the data folder, a file of its own, so that ``npr-edge keys`` and
``npr-edge serve`` work without the daemon. Changes of keys act on the next request of a running server, since it looks
there at each request; counters are kept in memory and written in batches, since SD cards wear out by writing.
"""

from npr_edge.access.guard import Access, Refusal, Refused, open_access
from npr_edge.access.keys import SCOPES, ApiKey, KeyStore
from npr_edge.access.limits import Allowance, parse_limits

__all__ = ["SCOPES", "Access", "Allowance", "ApiKey", "KeyStore", "Refusal", "Refused", "open_access", "parse_limits"]
