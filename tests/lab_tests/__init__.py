"""Tests of the lab: the lab itself (tests.lab) runs without pytest."""
