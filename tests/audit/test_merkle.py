"""The tree against the vectors of Certificate Transparency, and against pymerkle."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pymerkle import InmemoryTree, verify_consistency, verify_inclusion

from audit.record import merkle

# The eight leaves and the roots of the reference implementation of RFC 6962, whose hashing
# RFC 9162 keeps (google/certificate-transparency, cpp/merkletree/merkle_tree_test.cc).
LEAVES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def nodes_of(leaves):
    """Complete subtrees, computed the slow way."""

    def node(level, index):
        if level == 0:
            return merkle.leaf_hash(leaves[index])
        return merkle.node_hash(node(level - 1, 2 * index), node(level - 1, 2 * index + 1))

    return node


def test_the_reference_roots():
    frontier = merkle.Frontier()
    for size, root in enumerate(ROOTS, start=1):
        frontier.append(merkle.leaf_hash(LEAVES[size - 1]))
        assert frontier.root().hex() == root
        assert merkle.root_hash(size, nodes_of(LEAVES)).hex() == root
    assert merkle.Frontier().root() == hashlib.sha256(b"").digest() == merkle.EMPTY_ROOT


def test_a_frontier_goes_on_where_it_stopped():
    for size in range(len(LEAVES)):
        frontier = merkle.Frontier(size, nodes_of(LEAVES))
        frontier.append(merkle.leaf_hash(LEAVES[size]))
        assert frontier.root().hex() == ROOTS[size]


contents = [bytes([n]) * (n % 5) for n in range(70)]
sizes = st.integers(1, len(contents))


@given(size=sizes, data=st.data())
def test_inclusion(size, data):
    index = data.draw(st.integers(0, size - 1))
    node = nodes_of(contents)
    path, root = merkle.inclusion_path(index, size, node), merkle.root_hash(size, node)
    leaf = merkle.leaf_hash(contents[index])
    merkle.check_inclusion(leaf, index=index, size=size, path=path, root=root)
    wrong = data.draw(st.sampled_from(["leaf", "index", "root", "longer", "shorter", "step"]))
    claim = {"index": index, "size": size, "path": list(path), "root": root}
    if wrong == "leaf":
        leaf = merkle.leaf_hash(b"another")
    elif wrong == "index":
        claim["index"] = size if size == 1 else (index + 1) % size
    elif wrong == "root":
        claim["root"] = hashlib.sha256(root).digest()
    elif wrong == "longer":
        claim["path"].append(root)
    elif path and wrong == "shorter":
        claim["path"].pop()
    elif path:
        claim["path"][0] = hashlib.sha256(path[0]).digest()
    else:
        claim["path"] = [root]
    with pytest.raises(merkle.ProofBroken):
        merkle.check_inclusion(leaf, **claim)


@given(new=sizes, data=st.data())
def test_consistency(new, data):
    old = data.draw(st.integers(1, new))
    node = nodes_of(contents)
    claim = {
        "old": old, "new": new,
        "old_root": merkle.root_hash(old, node), "new_root": merkle.root_hash(new, node),
        "path": merkle.consistency_path(old, new, node),
    }  # fmt: skip
    merkle.check_consistency(**claim)
    for name in ("old_root", "new_root"):
        with pytest.raises(merkle.ProofBroken):
            merkle.check_consistency(**{**claim, name: hashlib.sha256(claim[name]).digest()})
    with pytest.raises(merkle.ProofBroken):
        merkle.check_consistency(**{**claim, "path": [*claim["path"], claim["new_root"]]})
    with pytest.raises(merkle.ProofBroken):
        merkle.check_consistency(**{**claim, "old": new + 1})


def test_what_lies_outside_the_tree_has_no_proof():
    with pytest.raises(IndexError):
        merkle.inclusion_path(3, 3, nodes_of(contents))
    with pytest.raises(IndexError):
        merkle.consistency_path(4, 3, nodes_of(contents))


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 13, 64, 70])
def test_an_independent_implementation_agrees(size):
    """pymerkle hashes alike (RFC 9162), and its verifier takes its proofs against our roots."""
    other = InmemoryTree(algorithm="sha256")
    for content in contents[:size]:
        other.append_entry(content)
    node = nodes_of(contents)
    root = merkle.root_hash(size, node)
    assert other.get_root(size) == root
    for index in range(size):
        theirs = other.prove_inclusion(index + 1, size)
        verify_inclusion(merkle.leaf_hash(contents[index]), root, theirs)
        ours = merkle.inclusion_path(index, size, node)
        assert theirs.path[1:] == ours
    for old in range(1, size + 1):
        verify_consistency(merkle.root_hash(old, node), root, other.prove_consistency(old, size))
