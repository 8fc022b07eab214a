package io.ashlar.jmh.tier;

import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.result.Latency;
import io.ashlar.jmh.result.Ratios;
import io.ashlar.jmh.result.Row;
import io.ashlar.jmh.result.Spread;
import io.ashlar.jmh.result.Subject;
import io.ashlar.jmh.result.Throughput;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.local.LocalBlobStore;
import io.ashlar.tier.ObjectStores;
import io.ashlar.tier.ReadBackConfig;
import io.ashlar.tier.ReadBackStats;
import io.ashlar.tier.Tier;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.TierProgress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * What a way of reading evicted blobs back buys: in each round the same blobs are read without it
 * and with it, from an object store whose GETs take time.
 */
final class ReadBackCell {

  private static final int BLOB_BYTES = 64 << 10;
  private static final double MIB = 1 << 20;

  /** A memory cache that holds a part of the sample only. */
  private static final long MEMORY_BYTES = 1 << 20;

  private static final long DISK_BYTES = 1L << 30;

  /** What is turned off and on. */
  enum Question {
    /** A GET that takes too long is sent again; nothing is cached. */
    HEDGED_READS("slow GETs", "ashlar/no-hedge"),
    /** Frames that memory has no room for are kept in a local file; all were read before. */
    DISK_CACHE("beyond memory", "ashlar/no-disk");

    private final String cell;
    private final String without;

    Question(String cell, String without) {
      this.cell = cell;
      this.without = without;
    }

    /** Returns the cell's name in results. */
    String cell() {
      return "read-back " + cell;
    }

    /** Returns the contestant's name in results. */
    private String store(boolean with) {
      return with ? "ashlar" : without;
    }

    private ReadBackConfig config(boolean with) {
      return switch (this) {
        case HEDGED_READS ->
            ReadBackConfig.DEFAULTS
                .withCacheBytes(0)
                .withHedgePercentMax(with ? ReadBackConfig.DEFAULTS.hedgePercentMax() : 0);
        case DISK_CACHE ->
            ReadBackConfig.DEFAULTS
                .withCacheBytes(MEMORY_BYTES)
                .withDiskBytes(with ? DISK_BYTES : 0);
      };
    }
  }

  /**
   * How much is read.
   *
   * @param sampleBytes bytes of all blobs.
   * @param reads reads of each way in each round.
   */
  record Size(long sampleBytes, int reads) {
    static final Size QUICK = new Size(8 << 20, 200);
    static final Size FULL = new Size(32 << 20, 500);
  }

  /** What one way gave: numbers of each round, and counters of all rounds. */
  private static final class Way {
    private final List<Double> p50Us = new ArrayList<>();
    private final List<Double> p99Us = new ArrayList<>();
    private long reads;
    private long gets;
    private long hedges;
    private long hedgesWon;
    private long diskHits;

    void add(EvictedReads measured, int count, ReadBackStats before, ReadBackStats after) {
      p50Us.add(measured.us(50));
      p99Us.add(measured.us(99));
      reads += count;
      gets += after.gets() - before.gets();
      hedges += after.hedges() - before.hedges();
      hedgesWon += after.hedgesWon() - before.hedgesWon();
      diskHits += after.diskHits() - before.diskHits();
    }
  }

  private final Plan plan;
  private final Question question;
  private final Size size;
  private final SlowGets.Delays delays;
  private final Way without = new Way();
  private final Way with = new Way();

  ReadBackCell(Plan plan, Question question, Size size, SlowGets.Delays delays) {
    this.plan = plan;
    this.question = question;
    this.size = size;
    this.delays = question == Question.HEDGED_READS ? delays : delays.steady();
  }

  /** Measures, and returns a row for each way. */
  List<Row> run() {
    Path folder = Folders.make(plan.folder(), "read-back-");
    try (TierSample sample = new TierSample(size.sampleBytes(), BLOB_BYTES, plan.seed());
        LocalBlobStore store =
            LocalBlobStore.builder(folder.resolve("store"))
                .config(StoreConfig.DEFAULTS.withPoolBytes(64 << 20))
                .open()) {
      sample.fill(store);
      for (int round = 0; round < plan.rounds(); round++) {
        System.err.printf(
            Locale.ROOT, "tier %s, round %d of %d%n", question.cell(), round + 1, plan.rounds());
        measure(folder, store, sample, round, false);
        measure(folder, store, sample, round, true);
      }
      return List.of(row(false), row(true));
    } finally {
      Folders.remove(folder);
    }
  }

  private void measure(
      Path folder, LocalBlobStore store, TierSample sample, int round, boolean on) {
    // The same GETs are slow, and the same blobs are read, without and with it.
    SlowGets objects =
        new SlowGets(
            ObjectStores.open("file:" + folder.resolve("objects")), delays, plan.seed() + round);
    TierConfig config = TierConfig.DEFAULTS.withIntervalMs(0).withReadBack(question.config(on));
    try (Tier tier = Tier.builder(store, objects).config(config).readBackFolder(folder).open()) {
      var _ = tier.checkpoint(TierProgress.NONE);
      var _ = tier.evict(id -> true);
      EvictedReads reads = new EvictedReads(sample);
      if (question == Question.DISK_CACHE) {
        reads.readAll(store);
      }
      ReadBackStats before = tier.stats().readBack();
      reads.read(store, size.reads(), new SplittableRandom(plan.seed() + round));
      (on ? with : without).add(reads, size.reads(), before, tier.stats().readBack());
    }
  }

  private Row row(boolean on) {
    Way way = on ? with : without;
    return new Row(
        new Subject("tier", question.store(on), question.cell()),
        new Throughput(Spread.NONE, Double.NaN),
        new Latency(spread(way.p50Us), spread(way.p99Us), Double.NaN),
        Ratios.NONE,
        Double.NaN,
        note(way));
  }

  private static Spread spread(List<Double> values) {
    return Spread.of(values.stream().mapToDouble(Double::doubleValue).toArray());
  }

  private String note(Way way) {
    String gets =
        String.format(
            Locale.ROOT, "%.2f GETs a blob", (way.gets + way.hedges) / (double) way.reads);
    return switch (question) {
      case HEDGED_READS ->
          gets
              + String.format(
                  Locale.ROOT,
                  "; %.1f %% sent twice, of which %d of %d won; %d %% of GETs take %d ms, others %d",
                  100.0 * way.hedges / way.gets,
                  way.hedgesWon,
                  way.hedges,
                  delays.slowPercent(),
                  delays.slowMs(),
                  delays.usualMs());
      case DISK_CACHE ->
          gets
              + String.format(
                  Locale.ROOT,
                  "; %.2f reads of the local file; memory for %.0f of %.0f MiB; a GET takes %d ms",
                  way.diskHits / (double) way.reads,
                  MEMORY_BYTES / MIB,
                  size.sampleBytes() / MIB,
                  delays.usualMs());
    };
  }
}
