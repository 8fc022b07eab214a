package io.ashlar.jmh.tier;

import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.machine.QuietDisk;
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
import io.ashlar.tier.Tier;
import io.ashlar.tier.TierConfig;
import io.ashlar.tier.TierProgress;
import io.ashlar.tier.object.ObjectContent;
import io.ashlar.tier.object.ObjectInfo;
import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.restore.Restore;
import io.ashlar.tier.restore.RestoreOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;

/**
 * Uploads, restores and read-backs of blobs of one size, with objects in one place. Stores are
 * always on the disk.
 *
 * <p>Each round measures everything once, one after the other, over the same bytes: LZ4 of one
 * core, a tiering pass of all blobs into a fresh prefix, reading its objects, writing the bytes to
 * a file, a restore into a fresh store. Ratios are medians of each round's ratio. The first {@value
 * #WARM_ROUNDS} rounds are not counted.
 */
final class PassCell {

  private static final String LZ4 = "lz4, 1 core";
  private static final String ASHLAR = "ashlar";
  private static final int WRITE_BYTES = 8 << 20;
  private static final int READS = 500;
  private static final int LZ4_RUNS = 3;

  /** Until then the rates rise from round to round, as methods are compiled. */
  static final int WARM_ROUNDS = 10;

  /** What one kind of work gave in each round, in MB/s. */
  private record Work(String label, List<Double> rates) {
    void add(long bytes, long elapsedNs) {
      rates.add(bytes * 1e3 / elapsedNs);
    }
  }

  private final Plan plan;
  private final TierSample sample;
  private final String cell;
  private final Path objectsRoot;
  private final Work lz4 = new Work(LZ4, new ArrayList<>());
  private final Work upload = new Work(ASHLAR, new ArrayList<>());
  private final Work get = new Work("GET alone", new ArrayList<>());
  private final Work disk = new Work("write + sync", new ArrayList<>());
  private final Work restore = new Work(ASHLAR, new ArrayList<>());
  private double packedRatio;
  private Latency readBack = Latency.NONE;
  private String readBackNote = "";

  PassCell(Plan plan, TierSample sample, String cell, Path objectsRoot) {
    this.plan = plan;
    this.sample = sample;
    this.cell = cell;
    this.objectsRoot = objectsRoot;
  }

  List<Row> run() {
    Path folder = Folders.make(plan.folder(), "tier-");
    Path objectsFolder = Folders.make(objectsRoot, "ashlar-tier-");
    try {
      try (LocalBlobStore store = open(folder.resolve("origin"))) {
        sample.fill(store);
      }
      for (int round = -WARM_ROUNDS; round < plan.rounds(); round++) {
        System.err.printf(
            Locale.ROOT,
            "tier %s, round %d of %d%s%n",
            cell,
            Math.max(round + 1, 0),
            plan.rounds(),
            round < 0 ? " (warming up, " + -round + " more)" : "");
        round(folder, objectsFolder, round);
        if (round < 0) {
          // These warm Java up: LZ4 is native, and as fast at first as later; the tier is not.
          List.of(lz4, upload, get, disk, restore).forEach(work -> work.rates().clear());
        }
      }
      readBack(folder, objectsFolder);
      return rows();
    } finally {
      Folders.remove(objectsFolder);
      Folders.remove(folder);
    }
  }

  private static LocalBlobStore open(Path folder) {
    return LocalBlobStore.builder(folder)
        .config(StoreConfig.DEFAULTS.withPoolBytes(64 << 20))
        .open();
  }

  private static Tier tier(LocalBlobStore store, Path objects) {
    return Tier.builder(store, ObjectStores.open("file:" + objects))
        .config(
            TierConfig.DEFAULTS
                .withIntervalMs(0)
                .withReadBack(ReadBackConfig.DEFAULTS.withCacheBytes(0)))
        .open();
  }

  private void round(Path folder, Path objectsFolder, int round) {
    QuietDisk.await(plan.folder(), plan.quietWaitMsEach(plan.rounds() + WARM_ROUNDS));
    Path prefix = objectsFolder.resolve("round" + round);
    measureLz4();
    try (LocalBlobStore store = open(folder.resolve("origin"));
        Tier tier = tier(store, prefix)) {
      long startNs = System.nanoTime();
      var _ = tier.checkpoint(TierProgress.NONE);
      upload.add(sample.totalBytes(), System.nanoTime() - startNs);
    }
    try (ObjectStore objects = ObjectStores.open("file:" + prefix);
        Arena arena = Arena.ofShared()) {
      MemorySegment target = arena.allocate(64 << 20);
      long startNs = System.nanoTime();
      for (ObjectInfo object : objects.listAll("batches/").toList()) {
        try (ObjectContent content = objects.get(object.key())) {
          content.readInto(target.asSlice(0, content.length()));
        }
      }
      get.add(sample.totalBytes(), System.nanoTime() - startNs);
      startNs = System.nanoTime();
      write(folder.resolve("raw"));
      disk.add(sample.totalBytes(), System.nanoTime() - startNs);
      Path restored = folder.resolve("restored");
      try (LocalBlobStore store = open(restored)) {
        startNs = System.nanoTime();
        var _ =
            Restore.restore(
                objects, store, RestoreOptions.DEFAULTS.withPin(false), TierProgress.NONE);
        restore.add(sample.totalBytes(), System.nanoTime() - startNs);
      }
      Folders.remove(restored);
    }
    if (round < plan.rounds() - 1) {
      Folders.remove(prefix);
    }
  }

  /** The best of several: what the round before left to the kernel slows some of them by half. */
  private void measureLz4() {
    long bestNs = Long.MAX_VALUE;
    long compressed = 0;
    for (int i = 0; i < LZ4_RUNS; i++) {
      long startNs = System.nanoTime();
      compressed = sample.compress();
      bestNs = Math.min(bestNs, System.nanoTime() - startNs);
    }
    lz4.add(sample.totalBytes(), bestNs);
    packedRatio = (double) sample.totalBytes() / compressed;
  }

  /** Writes the bytes to a new file as a store would have to: in large pieces, each synced. */
  private void write(Path file) {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      int blobs = Math.max(1, WRITE_BYTES / sample.blobBytes());
      for (int from = 0; from < sample.blobs(); from += blobs) {
        for (int i = from; i < Math.min(sample.blobs(), from + blobs); i++) {
          ByteBuffer bytes = sample.blob(i).asByteBuffer();
          while (bytes.hasRemaining()) {
            channel.write(bytes);
          }
        }
        channel.force(false);
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot write: file=" + file, e);
    }
    try {
      Files.delete(file);
    } catch (IOException e) {
      throw new UncheckedIOException("cannot remove: file=" + file, e);
    }
  }

  private void readBack(Path folder, Path objectsFolder) {
    Path prefix = objectsFolder.resolve("round" + (plan.rounds() - 1));
    try (LocalBlobStore store = open(folder.resolve("origin"));
        Tier tier = tier(store, prefix)) {
      var _ = tier.evict(id -> true);
      EvictedReads reads = new EvictedReads(sample);
      long gets = tier.stats().gets();
      long bytes = tier.stats().bytesDownloaded();
      reads.read(store, READS, new SplittableRandom(plan.seed()));
      readBack =
          new Latency(Spread.exactly(reads.us(50)), Spread.exactly(reads.us(99)), Double.NaN);
      readBackNote =
          String.format(
              Locale.ROOT,
              "%.2f GET and %.0f bytes a blob of %d bytes, nothing kept",
              (double) (tier.stats().gets() - gets) / READS,
              (double) (tier.stats().bytesDownloaded() - bytes) / READS,
              sample.blobBytes());
    }
  }

  private List<Row> rows() {
    List<Row> rows = new ArrayList<>();
    String packed = String.format(Locale.ROOT, "frames of 64 KiB, %.2f : 1", packedRatio);
    rows.add(row("upload ", lz4, Spread.NONE, packed));
    rows.add(row("upload ", upload, ratio(upload, List.of(lz4)), "pack + LZ4 + index + PUT"));
    rows.add(row("restore ", get, Spread.NONE, "whole batches, one after the other"));
    rows.add(row("restore ", disk, Spread.NONE, "new file, 8 MiB a sync"));
    rows.add(row("restore ", restore, ratio(restore, List.of(get, disk)), "into an empty store"));
    rows.add(
        new Row(
            new Subject("tier", ASHLAR, "read-back " + cell),
            new Throughput(Spread.NONE, Double.NaN),
            readBack,
            Ratios.NONE,
            Double.NaN,
            readBackNote));
    return rows;
  }

  private Row row(String what, Work work, Spread ratio, String note) {
    Spread mbPerS = Spread.of(work.rates().stream().mapToDouble(Double::doubleValue).toArray());
    double blobsPerMb = 1e6 / sample.blobBytes();
    return new Row(
        new Subject("tier", work.label(), what + cell),
        new Throughput(mbPerS.times(blobsPerMb), mbPerS.median()),
        Latency.NONE,
        new Ratios(ratio, Spread.NONE),
        Double.NaN,
        note);
  }

  /** Returns each round's ratio to the slowest of the limits. */
  private static Spread ratio(Work work, List<Work> limits) {
    double[] ratios = new double[work.rates().size()];
    for (int i = 0; i < ratios.length; i++) {
      int round = i;
      double limit =
          limits.stream().mapToDouble(each -> each.rates().get(round)).min().orElse(Double.NaN);
      ratios[i] = work.rates().get(i) / limit;
    }
    return Spread.of(ratios);
  }
}
