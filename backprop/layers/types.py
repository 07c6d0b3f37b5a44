"""The two types that every layer's signature is made of."""

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Cache = tuple[Any, ...]
