"""What Hugging Face transformers makes of texts, in the words of tokenizer_ids (ids_main.cpp): diff the two.

    pip install transformers
    python tests/tokenizer/reference_ids.py MODEL_DIR FILE...
"""

import array
import hashlib
import pathlib
import sys
import time

from transformers import AutoTokenizer

tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
for name in sys.argv[2:]:
    path = pathlib.Path(name)
    text = path.read_bytes().decode("utf-8")
    times = []
    for _ in range(2):
        start = time.perf_counter()
        ids = tokenizer.backend_tokenizer.encode(text, add_special_tokens=False).ids
        times.append(time.perf_counter() - start)
    digest = hashlib.sha256(array.array("i", ids).tobytes()).hexdigest()
    print(f"{path.name} tokens {len(ids)} sha256 {digest} ms {1000 * min(times):.0f}")
