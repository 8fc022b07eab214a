package io.ashlar.jmh.heap;

import io.ashlar.jmh.commit.StoreEntrant;
import io.ashlar.jmh.contest.Cell;
import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.contest.Plan;
import io.ashlar.jmh.contest.Rounds;
import io.ashlar.jmh.contest.Scenario;
import io.ashlar.jmh.machine.Folders;
import io.ashlar.jmh.peer.AshlarStore;
import io.ashlar.jmh.peer.BlobBatch;
import io.ashlar.jmh.peer.Keys;
import io.ashlar.jmh.peer.PeerReader;
import io.ashlar.jmh.peer.PeerStore;
import io.ashlar.jmh.peer.PeerWriter;
import io.ashlar.jmh.peer.ReadBuffer;
import io.ashlar.jmh.result.Ratios;
import io.ashlar.jmh.result.Row;
import io.ashlar.jmh.result.Subject;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * How much Java heap does a commit or a get allocate, once it is compiled?
 *
 * <p>One store at a time, since every thread's allocations count and only its own shall.
 */
public final class HeapScenario implements Scenario {

  private static final int VALUE_BYTES = 4096;
  private static final long WORKING_SET_BYTES = 16L << 20;
  private static final Cell COMMIT =
      new Cell("commit 1x4K", 1, 1, VALUE_BYTES, WORKING_SET_BYTES, 0);
  private static final Cell GET = new Cell("get 4K", 1, 1, VALUE_BYTES, WORKING_SET_BYTES, 0);
  private static final List<Contestant> COMMITTING =
      List.of(
          Contestant.ASHLAR,
          Contestant.ASHLAR_LISTENER,
          Contestant.ASHLAR_ASYNC,
          Contestant.ASHLAR_CLAIM,
          Contestant.ROCKSDB,
          Contestant.LMDB);
  private static final List<Reading> READING =
      List.of(
          new Reading(Contestant.ASHLAR, "ashlar", PeerStore::openReader, "copied to the target"),
          new Reading(
              Contestant.ASHLAR,
              "ashlar/lease",
              store -> ((AshlarStore) store).openLeasingReader(),
              "leased"),
          new Reading(
              Contestant.ROCKSDB, "rocksdb", PeerStore::openReader, "copied to a direct buffer"),
          new Reading(
              Contestant.LMDB,
              "lmdb",
              PeerStore::openReader,
              "copied to a direct buffer, one read transaction renewed"));

  /** A way of reading, by the name that results carry. */
  private record Reading(
      Contestant contestant, String label, Function<PeerStore, PeerReader> opener, String note) {}

  @Override
  public String title() {
    return "Heap that all threads allocate, in bytes an operation. Commits wait for durability. One"
        + " store at a time, so other columns cannot be compared.";
  }

  @Override
  public List<Row> run(Plan plan) {
    List<Row> rows = new ArrayList<>();
    Path folder = Folders.make(plan.folder(), "heap-");
    Keys keys = new Keys(COMMIT.idCount());
    try {
      if (plan.wants(COMMIT)) {
        for (Contestant contestant : COMMITTING) {
          if (plan.wants(contestant)) {
            rows.add(commit(plan, contestant, folder, keys));
          }
        }
      }
      if (plan.wants(GET)) {
        for (Reading reading : READING) {
          if (plan.wants(reading.contestant())) {
            rows.add(get(plan, reading, folder, keys));
          }
        }
      }
    } finally {
      Folders.remove(folder);
    }
    return rows;
  }

  private static Row commit(Plan plan, Contestant contestant, Path folder, Keys keys) {
    SplittableRandom random = new SplittableRandom(plan.seed());
    try (StoreEntrant entrant = filled(plan, contestant, contestant.label(), folder, keys, COMMIT);
        PeerWriter writer = entrant.store().openWriter();
        BlobBatch batch = new BlobBatch(1, VALUE_BYTES, plan.seed())) {
      Rounds rounds =
          measure(
              plan,
              () -> {
                batch.chooseIds(random, keys.count());
                writer.commit(batch);
              });
      return row(COMMIT, contestant.label(), rounds, entrant.store().durability());
    }
  }

  private static Row get(Plan plan, Reading reading, Path folder, Keys keys) {
    SplittableRandom random = new SplittableRandom(plan.seed());
    try (StoreEntrant entrant =
            filled(plan, reading.contestant(), reading.label(), folder, keys, GET);
        PeerReader reader = reading.opener().apply(entrant.store());
        ReadBuffer target = new ReadBuffer(VALUE_BYTES)) {
      Rounds rounds =
          measure(
              plan,
              () -> {
                if (reader.read(random.nextInt(keys.count()), target) != VALUE_BYTES) {
                  throw new IllegalStateException("a blob is missing: store=" + reading.label());
                }
              });
      return row(GET, reading.label(), rounds, reading.note());
    }
  }

  private static StoreEntrant filled(
      Plan plan, Contestant contestant, String label, Path folder, Keys keys, Cell cell) {
    System.err.printf(Locale.ROOT, "heap %s: %s%n", cell.name(), label);
    StoreEntrant entrant = new StoreEntrant(contestant, folder, keys, cell);
    boolean done = false;
    try {
      entrant.fill(cell, plan.seed());
      entrant.store().resume();
      done = true;
      return entrant;
    } finally {
      if (!done) {
        entrant.close();
      }
    }
  }

  private static Rounds measure(Plan plan, Runnable operation) {
    AllocationProbe probe = new AllocationProbe();
    probe.warmUp(operation, TimeUnit.SECONDS.toNanos(plan.quick() ? 4 : 15));
    for (int round = 0; round < plan.rounds(); round++) {
      probe.round(operation, TimeUnit.MILLISECONDS.toNanos(plan.quick() ? 500 : 1000));
    }
    return probe.rounds();
  }

  private static Row row(Cell cell, String store, Rounds rounds, String note) {
    return rounds.row(
        new Subject("heap", store, cell.name()), (double) cell.batchBytes(), Ratios.NONE, note);
  }
}
