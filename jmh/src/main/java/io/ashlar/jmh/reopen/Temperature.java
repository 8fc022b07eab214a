package io.ashlar.jmh.reopen;

import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.machine.PageCache;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/** What the page cache holds when a store is opened. */
enum Temperature {
  /** Nothing: it was written back and dropped right before. */
  COLD("cold"),
  /** What filling, and the open before, left there. */
  WARM("warm");

  private final String label;

  Temperature(String label) {
    this.label = label;
  }

  /** Returns its name in results. */
  String label() {
    return label;
  }

  /**
   * Returns those that a plan asks for, by {@code size} or by {@code size cold}; without the cold
   * one where the page cache cannot be dropped, which is said on standard error.
   */
  static List<Temperature> wanted(Plan plan, String size) {
    return Arrays.stream(values())
        .filter(each -> plan.wantsCell(size) || plan.wantsCell(size + " " + each.label))
        .filter(Temperature::isPossible)
        .toList();
  }

  private boolean isPossible() {
    boolean possible = this == WARM || PageCache.canDrop();
    if (!possible) {
      System.err.println("only the superuser can drop the page cache: cold opens are left out");
    }
    return possible;
  }

  /** Makes it so. */
  void prepare(Path folder) {
    if (this == COLD) {
      PageCache.drop(folder);
    }
  }
}
