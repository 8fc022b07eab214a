package io.ashlar.jmh.contest;

import java.util.Set;

/**
 * Which contestants and cells are measured.
 *
 * @param stores names of the only contestants to measure, or empty for all; limits always are.
 * @param cells names of the only cells to measure, or empty for all.
 * @param peersEverywhere whether peers are measured in cells too that leave them out.
 */
public record Selection(Set<String> stores, Set<String> cells, boolean peersEverywhere) {

  /** Everything that a scenario measures by default. */
  public static final Selection ALL = new Selection(Set.of(), Set.of(), false);
}
