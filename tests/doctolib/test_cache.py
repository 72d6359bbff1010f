"""The cache keeps its Redis clients."""

import threading

from django.core.cache import cache


def test_one_client_serves_every_call_and_every_thread():
    client = cache._cache.get_client("a")
    assert cache._cache.get_client("b") is client
    cache.set("a", [1, {"b": "é"}], 60)
    assert cache._cache.get_client("a", write=True) is cache._cache.get_client("b", write=True)
    seen = []
    threads = [threading.Thread(target=lambda: seen.append(cache.get("a"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [[1, {"b": "é"}]] * 8
