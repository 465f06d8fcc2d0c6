"""Tests of SegStudio: folders mirror the package; oracles/ hold it against the field's reference tools."""
