package io.ashlar.jmh.reopen;

import io.ashlar.jmh.contest.Contestant;
import io.ashlar.jmh.peer.AshlarStore;
import io.ashlar.jmh.peer.BlobBatch;
import io.ashlar.jmh.peer.Keys;
import io.ashlar.jmh.peer.MvStore;
import io.ashlar.jmh.peer.PeerStore;
import io.ashlar.jmh.peer.PeerWriter;
import io.ashlar.jmh.peer.ReadBuffer;
import io.ashlar.jmh.peer.RocksStore;
import io.ashlar.jmh.peer.SqliteStore;
import io.ashlar.store.StoreConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SplittableRandom;

/**
 * A process that does one thing with one store and nothing before it, so that its processor time is
 * the JVM's start and the store's. It prints {@code name=value} lines, then {@value
 * ReopenChild#READY}, and waits to be asked for more or killed.
 *
 * <p>Arguments: the order, the contestant's name, the store's folder, the number of blobs. Orders:
 * {@code commit} makes a store, commits one blob, reads it and closes; {@code train} does that
 * twice over the same folder and ends; {@code open} opens a store and reads a blob, and when asked
 * commits a little.
 */
public final class FreshChild {

  private static final int WORK_VALUES = 16;
  private static final int WORK_COMMITS = 256;

  private final Contestant contestant;
  private final Path folder;
  private final Keys keys;
  private final int count;

  private FreshChild(Contestant contestant, Path folder, int count) {
    this.contestant = contestant;
    this.folder = folder;
    this.count = count;
    keys = Keys.onDemand(count);
  }

  /** Does what the first argument says. */
  public static void main(String[] arguments) throws IOException {
    FreshChild child =
        new FreshChild(
            Contestant.valueOf(arguments[1]),
            Path.of(arguments[2]),
            Integer.parseInt(arguments[3]));
    String order = arguments[0];
    if (order.equals("train")) {
      child.commit();
      child.commit();
      return;
    }
    if (order.equals("commit")) {
      child.commit();
      ready();
    } else {
      child.open();
    }
    Runtime.getRuntime().halt(0);
  }

  private void commit() {
    long start = System.nanoTime();
    try (PeerStore store = store();
        BlobBatch batch = BlobBatch.plain(1, ReopenChild.VALUE_BYTES, 1);
        ReadBuffer target = ReadBuffer.plain(ReopenChild.VALUE_BYTES);
        PeerWriter writer = store.openWriter()) {
      batch.setIds(0);
      writer.commit(batch);
      check(store.read(0, target));
    }
    print("ns", System.nanoTime() - start);
  }

  private void open() throws IOException {
    long start = System.nanoTime();
    try (PeerStore store = store();
        ReadBuffer target = ReadBuffer.plain(ReopenChild.VALUE_BYTES)) {
      print("ns", System.nanoTime() - start);
      check(store.read(count / 2, target));
      ready();
      work(store);
      ready();
    }
  }

  /** Overwrites some blobs, so that the kill finds a log to replay. */
  private void work(PeerStore store) {
    SplittableRandom random = new SplittableRandom(System.nanoTime());
    try (BlobBatch batch = BlobBatch.plain(WORK_VALUES, ReopenChild.VALUE_BYTES, 1);
        PeerWriter writer = store.openWriter()) {
      for (int i = 0; i < WORK_COMMITS; i++) {
        batch.chooseIds(random, count);
        writer.commit(batch);
      }
    }
  }

  /** Opens the store without {@link Contestant#open}, which touches classes of Ashlar for all. */
  private PeerStore store() {
    return switch (contestant) {
      case ASHLAR ->
          new AshlarStore(folder, keys, StoreConfig.DEFAULTS, AshlarStore.Acknowledgement.BLOCKING);
      case ROCKSDB -> new RocksStore(folder, keys, RocksStore.Shape.PLAIN);
      case SQLITE -> new SqliteStore(folder);
      case MVSTORE -> new MvStore(folder);
      default -> throw new IllegalArgumentException("not measured fresh: " + contestant);
    };
  }

  private static void check(long length) {
    if (length != ReopenChild.VALUE_BYTES) {
      throw new IllegalStateException("an acknowledged blob is lost: length=" + length);
    }
  }

  /** Waits until the other side has looked at this process, and asks for more. */
  private static void ready() throws IOException {
    System.out.println(ReopenChild.READY);
    if (System.in.read() < 0) {
      Runtime.getRuntime().halt(1); // the process that started it has ended
    }
  }

  private static void print(String name, long value) {
    System.out.println(name + "=" + value);
  }
}
