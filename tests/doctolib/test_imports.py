"""No module imports, by any way round, a module that imports it."""

import graphlib

import grimp
import pytest

APPS = ("doctolib", "partners", "booking", "practitioners", "audit")


def imports():
    graph = grimp.build_graph(*APPS)
    return {each: graph.find_modules_directly_imported_by(each) for each in graph.modules}


def test_there_are_no_circles():
    found = imports()
    assert len(found) > 500
    graphlib.TopologicalSorter(found).prepare()
    # What the check would find: a task that is imported by what it carries out.
    found["booking.domain.delivery"] |= {"booking.tasks"}
    with pytest.raises(graphlib.CycleError):
        graphlib.TopologicalSorter(found).prepare()
