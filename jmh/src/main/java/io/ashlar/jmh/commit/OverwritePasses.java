package io.ashlar.jmh.commit;

import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.contest.Entrant;
import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.machine.Device;
import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.machine.SpaceSampler;
import io.ashlar.jmh.peer.Keys;
import io.ashlar.jmh.result.Ratios;
import io.ashlar.jmh.result.Row;
import io.ashlar.jmh.result.Subject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/**
 * What overwriting costs in writes and in space: a store alone is filled, then as many random
 * batches as hold the whole key space are committed, four times over, by all of a cell's threads.
 *
 * <p>Writes are counted by the device, after the file system was flushed, so that what a store
 * leaves to the page cache counts as well; nothing is subtracted for other writers. What the store
 * wrote only to have space ahead is reported apart. One store at a time, so rates here are not for
 * comparing.
 */
final class OverwritePasses {

  private static final int PASSES = 4;
  private static final long IDLE_NS = TimeUnit.MILLISECONDS.toNanos(500);

  private final String scenario;
  private final Plan plan;
  private final Cell cell;
  private final Optional<Device> device;

  OverwritePasses(String scenario, Plan plan, Cell cell) {
    this.scenario = scenario;
    this.plan = plan;
    this.cell = cell;
    device = Device.under(plan.folder());
  }

  /** What the device and the store wrote since the last reading. */
  private record Written(double deviceBytes, double grownBytes) {}

  /**
   * Measures some contestants in turn, and returns a row for each.
   *
   * @param budgetNs how long it may take, filling apart; passes are cut short to keep to it.
   */
  List<Row> run(List<Contestant> contestants, long budgetNs) {
    Path folder = Folders.make(plan.folder(), scenario + "-passes-");
    Keys keys = new Keys(cell.idCount());
    List<Contestant> wanted = contestants.stream().filter(plan::wants).toList();
    List<Row> rows = new ArrayList<>();
    double idleMbPerS = idleMbPerS();
    try (SliceThreads threads = new SliceThreads(cell, plan.seed())) {
      for (Contestant contestant : wanted) {
        System.err.printf(
            Locale.ROOT,
            "%s %s, %d overwrites of %d MiB: %s; others write %.1f MB/s%n",
            scenario,
            cell.name(),
            PASSES,
            liveBytes() >> 20,
            contestant.label(),
            idleMbPerS);
        rows.add(run(contestant, folder, keys, threads, budgetNs / wanted.size()));
      }
    } finally {
      Folders.remove(folder);
    }
    return rows;
  }

  private Row run(
      Contestant contestant, Path folder, Keys keys, SliceThreads threads, long budgetNs) {
    long commitsEach = Math.max(1, cell.idCount() / cell.values() / cell.threads());
    long before = flushedBytes();
    try (StoreEntrant entrant = new StoreEntrant(contestant, folder, keys, cell)) {
      entrant.fill(cell, plan.seed());
      long reading = flushedBytes();
      long grown = entrant.store().bytesGrown();
      Written fill = new Written(reading - before, grown);
      List<Written> passes = new ArrayList<>();
      List<Long> commits = new ArrayList<>();
      long spaceMax;
      try (SpaceSampler space = new SpaceSampler(entrant.folder())) {
        for (int pass = 0; pass < PASSES; pass++) {
          commits.add(entrant.commits(threads, commitsEach, budgetNs / PASSES));
          entrant.endRound(true);
          long readingAfter = flushedBytes();
          long grownAfter = entrant.store().bytesGrown();
          passes.add(new Written(readingAfter - reading, grownAfter - grown));
          reading = readingAfter;
          grown = grownAfter;
        }
        spaceMax = space.bytesMax();
      }
      long spaceAfter = SpaceSampler.bytes(entrant.folder());
      boolean whole = commits.stream().allMatch(count -> count == commitsEach * cell.threads());
      String note =
          written(fill, passes, commits)
              + String.format(
                  Locale.ROOT,
                  "; space / live data: at most %.2f, after it %.2f%s; ",
                  (double) spaceMax / liveBytes(),
                  (double) spaceAfter / liveBytes(),
                  whole ? "" : "; cut short, at commits=" + commits)
              + entrant.store().durability();
      return row(entrant, note);
    }
  }

  private Row row(Entrant entrant, String note) {
    Subject subject = new Subject(scenario, entrant.label(), cell.name() + " x" + PASSES);
    return entrant.rounds().row(subject, (double) cell.batchBytes(), Ratios.NONE, note);
  }

  private String written(Written fill, List<Written> passes, List<Long> commits) {
    if (device.isEmpty()) {
      return "no block device under the folder: writes not counted";
    }
    StringBuilder text = new StringBuilder("device bytes / value bytes: overwrites");
    double grownBytes = 0;
    for (int i = 0; i < passes.size(); i++) {
      Written pass = passes.get(i);
      double valueBytes = (double) commits.get(i) * cell.batchBytes();
      text.append(
          String.format(
              Locale.ROOT, " %.2f", (pass.deviceBytes() - pass.grownBytes()) / valueBytes));
      grownBytes += pass.grownBytes();
    }
    text.append(
        String.format(
            Locale.ROOT,
            " (growth of %.0f MiB apart), fill %.2f (growth of %.0f MiB in it)",
            grownBytes / (1 << 20),
            fill.deviceBytes() / liveBytes(),
            fill.grownBytes() / (1 << 20)));
    return text.toString();
  }

  private long liveBytes() {
    return (long) cell.idCount() * cell.valueBytes();
  }

  private long flushedBytes() {
    device.ifPresent(Device::flush);
    return device.map(Device::bytesWritten).orElse(0L);
  }

  private double idleMbPerS() {
    long before = flushedBytes();
    LockSupport.parkNanos(IDLE_NS);
    return (flushedBytes() - before) / (IDLE_NS / 1e9) / 1e6;
  }
}
