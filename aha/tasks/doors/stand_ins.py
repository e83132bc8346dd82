"""What MBXP's test programs load from outside their language: the one function that they call of it, in our words."""

from __future__ import annotations

LODASH_JS = """\
// isEqual: arrays, plain objects, maps, sets and dates by content, everything else by SameValueZero.
const sameValue = (a, b) => a === b || (a !== a && b !== b);
function isEqual(a, b) {
  if (sameValue(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  const kind = Object.prototype.toString.call(a);
  if (kind !== Object.prototype.toString.call(b)) return false;
  if (a instanceof Set) return a.size === b.size && [...a].every((x) => [...b].some((y) => isEqual(x, y)));
  if (a instanceof Map) return isEqual(new Set(a), new Set(b));
  if (a instanceof Date || ["[object Number]", "[object String]", "[object Boolean]"].includes(kind))
    return sameValue(a.valueOf(), b.valueOf());
  if (a instanceof RegExp) return String(a) === String(b);
  const keys = Object.keys(a);
  return a.length === b.length && keys.length === Object.keys(b).length &&
    keys.every((key) => Object.prototype.hasOwnProperty.call(b, key) && isEqual(a[key], b[key]));
}
module.exports = { isEqual };
"""

COMPARE_PM = """\
package Data::Compare;
use strict;
use warnings;
use Exporter 'import';
our @EXPORT = ('Compare');

sub Compare {
    my ($left, $right) = @_;
    return !defined $left && !defined $right if !defined $left || !defined $right;
    return 0 if ref $left ne ref $right;
    return Compare($$left, $$right) if ref $left eq 'SCALAR' || ref $left eq 'REF';
    if (ref $left eq 'ARRAY') {
        return 0 if @$left != @$right;
        Compare($left->[$_], $right->[$_]) || return 0 for 0 .. $#$left;
        return 1;
    }
    if (ref $left eq 'HASH') {
        return 0 if keys %$left != keys %$right;
        (exists $right->{$_} && Compare($left->{$_}, $right->{$_})) || return 0 for keys %$left;
        return 1;
    }
    return $left eq $right ? 1 : 0;
}

1;
"""
