package io.ashlar.store.local;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;

import io.ashlar.store.BlobId;
import io.ashlar.store.Epoch;
import io.ashlar.store.StoreConfig;
import io.ashlar.store.disk.BlockImage;
import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.Checksum;
import io.ashlar.store.format.LogRecordFields;
import io.ashlar.store.format.LogRecordFormat;
import io.ashlar.store.format.OperationFormat;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Data files by somebody who means harm: each field of the superblock and of log records set to
 * what breaks a careless reader, with every checksum and the chain made right again.
 */
final class HostileFiles {

  static final StoreConfig CONFIG =
      StoreConfig.DEFAULTS
          .withPoolBytes(4 << 20)
          .withInitialFileBytes(256 << 10)
          .withGrowthBytesMin(64 << 10)
          .withLogExtentBytesMax(32 << 10)
          .withBackPressureTimeoutMs(1_000);

  private static final ValueLayout.OfInt INT =
      JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
  private static final ValueLayout.OfLong LONG =
      JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

  private static final int[] INTS = {
    0,
    1,
    2,
    -1,
    63,
    65,
    127,
    4095,
    4097,
    1 << 20,
    1 << 22,
    (1 << 22) + 1,
    1 << 30,
    Integer.MAX_VALUE,
    Integer.MIN_VALUE
  };
  private static final long[] LONGS = {
    0,
    1,
    2,
    3,
    63,
    64,
    65,
    -1,
    1L << 20,
    1L << 30,
    (1L << 30) + 1,
    1L << 31,
    1L << 32,
    1L << 47,
    1L << 48,
    1L << 51,
    1L << 52,
    1L << 60,
    1L << 62,
    Long.MAX_VALUE - 1,
    Long.MAX_VALUE,
    Long.MIN_VALUE,
    Long.MIN_VALUE + 1
  };
  private static final int SUPERBLOCK_CRC = 4092;
  private static final int RECORD_CRC = 124;
  private static final int CHECKPOINT_START = 136;
  private static final int CHECKPOINT_CRC = 160;
  private static final int CHUNK_ENTRIES = 96; // of the only bucket
  private static final int CHUNK_CRC = 76;

  /** A file and what is wrong with it. */
  record Hostile(String name, BlockImage image) {}

  /** Receives the files one by one, so that few are in memory. */
  @FunctionalInterface
  interface Visitor {

    /** One file. */
    void visit(Hostile file);
  }

  private final byte[] base;
  private final List<Integer> records = new ArrayList<>(); // their offsets, in order of the chain

  /** The good store to start from. */
  enum Base {
    /** A mark covers its last epoch. */
    CLOSED,
    /** No mark covers its last epoch: its process was killed. */
    KILLED,
    /** Both superblock copies name an index checkpoint. */
    CHECKPOINTED
  }

  private final Base kind;

  /** Starts from a good store. */
  HostileFiles(Base kind) {
    this.kind = kind;
    base = kind == Base.CHECKPOINTED ? makeCheckpointed() : makeStore(kind == Base.CLOSED);
    if (kind != Base.CHECKPOINTED) {
      follow();
    }
  }

  private static byte[] makeCheckpointed() {
    SimulatedDisk disk = new SimulatedDisk();
    SplittableRandom ids = new SplittableRandom(43);
    AtomicLong clock = new AtomicLong();
    Deque<Runnable> steps = new ArrayDeque<>(); // on this thread: the file is always the same
    StoreEnvironment environment =
        new StoreEnvironment(ids::nextLong, () -> 1, clock::get, Runnable::run, steps::add, false);
    StoreConfig config = CONFIG.withCheckpointLogBytesMin(64 << 10);
    try (StoreLife.Opened opened =
        new StoreLife.Opened(StoreOpening.open("base", disk, config, environment), clock, steps)) {
      for (int i = 0; i < 10_000 && !bothNameACheckpoint(disk.image()); i++) {
        try (Epoch epoch = opened.store().beginEpoch()) {
          epoch.put(new BlobId(i % 20, 0), MemorySegment.ofArray(new byte[] {1, 2, (byte) i}));
          epoch.commit();
        }
        opened.runSteps();
      }
    }
    BlockImage image = disk.image();
    if (!bothNameACheckpoint(image)) {
      throw new AssertionError("the base store made no index checkpoint");
    }
    return image.bytes();
  }

  private static boolean bothNameACheckpoint(BlockImage image) {
    byte[] copies = new byte[2 * Blocks.BYTES];
    var _ = image.read(0, of(copies));
    return of(copies).get(LONG, CHECKPOINT_START) != 0
        && of(copies).get(LONG, Blocks.BYTES + CHECKPOINT_START) != 0;
  }

  static StoreEnvironment environment(boolean ownThread) {
    SplittableRandom ids = new SplittableRandom(42);
    AtomicLong clock = new AtomicLong(1_700_000_000_000L);
    return new StoreEnvironment(
        ids::nextLong,
        clock::incrementAndGet,
        System::nanoTime,
        Runnable::run,
        Runnable::run,
        ownThread);
  }

  private static byte[] makeStore(boolean closed) {
    SimulatedDisk disk = new SimulatedDisk();
    BlockImage open;
    try (DataFileStore store = StoreOpening.open("base", disk, CONFIG, environment(false))) {
      for (int i = 0; i < 12; i++) {
        try (Epoch epoch = store.beginEpoch()) {
          byte[] value = new byte[100 + 3000 * (i % 3)];
          Arrays.fill(value, (byte) (i + 1));
          epoch.put(new BlobId(i % 5, 0), MemorySegment.ofArray(value));
          if (i % 4 == 3) {
            epoch.delete(new BlobId(i % 5 - 1, 0));
          }
          epoch.commit();
        }
      }
      open = disk.image();
    }
    return (closed ? disk.image() : open).bytes();
  }

  private static MemorySegment of(byte[] bytes) {
    return MemorySegment.ofArray(bytes);
  }

  /** Finds the records: each right behind the blobs of the one before, or in the next extent. */
  private void follow() {
    MemorySegment file = of(base);
    long block = file.get(LONG, 104);
    long next = file.get(LONG, 112);
    long sequence = file.get(LONG, 64) + 1;
    while (true) {
      long at =
          isRecord(file, block, sequence) ? block : isRecord(file, next, sequence) ? next : -1;
      if (at < 0) {
        break;
      }
      MemorySegment record = record(file, (int) Blocks.offset(at));
      records.add((int) Blocks.offset(at));
      block = at + record.byteSize() / Blocks.BYTES + LogRecordFields.behindBlocks(record);
      next = LogRecordFormat.nextStart(record);
      sequence++;
    }
    if (records.size() < 12) {
      throw new AssertionError("the base store has too few records: " + records.size());
    }
  }

  private static boolean isRecord(MemorySegment file, long block, long sequence) {
    long offset = Blocks.offset(block);
    return offset + Blocks.BYTES <= file.byteSize()
        && LogRecordFormat.hasMagic(file.asSlice(offset, Blocks.BYTES))
        && LogRecordFormat.sequence(file.asSlice(offset, Blocks.BYTES)) == sequence;
  }

  private static MemorySegment record(MemorySegment file, int offset) {
    int blocks = LogRecordFields.claimedBlocks(file.asSlice(offset, Blocks.BYTES));
    return file.asSlice(offset, Math.max(1, blocks) * (long) Blocks.BYTES);
  }

  private static void sealSuperblock(MemorySegment file, int copy) {
    MemorySegment block = file.asSlice(Blocks.offset(copy), Blocks.BYTES);
    block.set(INT, SUPERBLOCK_CRC, Checksum.crc32c(block.asSlice(0, SUPERBLOCK_CRC)));
  }

  /** Makes the checksum of the record at {@code offset} right, whatever length it claims. */
  private static int sealRecord(MemorySegment file, int offset, int blocks) {
    MemorySegment record = file.asSlice(offset, (long) blocks * Blocks.BYTES);
    int chain =
        Checksum.crc32c(
            record.asSlice(0, RECORD_CRC), record.asSlice(LogRecordFormat.HEADER_BYTES));
    record.set(INT, RECORD_CRC, chain);
    return chain;
  }

  /** Makes the chain right from the record with this index on. */
  private void sealFrom(MemorySegment file, int index, int blocksOfFirst) {
    int chain = sealRecord(file, records.get(index), blocksOfFirst);
    for (int i = index + 1; i < records.size(); i++) {
      MemorySegment record = record(file, records.get(i));
      record.set(INT, 76, chain);
      chain = sealRecord(file, records.get(i), (int) (record.byteSize() / Blocks.BYTES));
    }
  }

  /** Visits every file; returns how many there were. */
  int forEach(Visitor visitor) {
    int[] count = new int[1];
    Visitor counting =
        file -> {
          count[0]++;
          visitor.visit(file);
        };
    counting.visit(new Hostile("good", BlockImage.of(base)));
    superblocks(counting);
    if (kind == Base.CHECKPOINTED) {
      chunks(counting);
      return count[0];
    }
    int last = records.size() - 1;
    Map.of("first", 0, "middle", last / 2, "before last", last - 1, "last", last)
        .forEach((which, index) -> {
          recordFields(which + " record", index, counting);
          operations(which + " record's", index, counting);
        });
    crafted(counting);
    places(counting);
    sizes(counting);
    return count[0];
  }

  private void superblocks(Visitor visitor) {
    for (int offset = 8; offset < 228; offset += 4) {
      for (int value : INTS) {
        byte[] bytes = base.clone();
        MemorySegment file = of(bytes);
        for (int copy = 0; copy < 2; copy++) {
          file.set(INT, Blocks.offset(copy) + offset, value);
          sealSuperblock(file, copy);
        }
        visit("superblock", offset, value, bytes, visitor);
      }
    }
    for (int offset = 16; offset < 240; offset += 8) {
      for (long value : LONGS) {
        byte[] bytes = base.clone();
        MemorySegment file = of(bytes);
        for (int copy = 0; copy < 2; copy++) {
          file.set(LONG, Blocks.offset(copy) + offset, value);
          sealSuperblock(file, copy);
        }
        visit("superblock", offset, value, bytes, visitor);
      }
    }
  }

  private void recordFields(String which, int index, Visitor visitor) {
    int at = records.get(index);
    int blocks = (int) (record(of(base), at).byteSize() / Blocks.BYTES);
    for (int offset = 4; offset < RECORD_CRC; offset += 4) {
      for (int value : INTS) {
        byte[] bytes = base.clone();
        of(bytes).set(INT, at + offset, value);
        sealFrom(of(bytes), index, blocks);
        visit(which, offset, value, bytes, visitor);
      }
    }
    for (int offset = 8; offset < 104; offset += 8) {
      for (long value : LONGS) {
        byte[] bytes = base.clone();
        of(bytes).set(LONG, at + offset, value);
        sealFrom(of(bytes), index, blocks);
        visit(which, offset, value, bytes, visitor);
      }
    }
    // A long record over whatever lies behind it, its checksum right.
    for (int claimed : new int[] {2, 16, 40}) {
      byte[] bytes = base.clone();
      if (at + claimed * Blocks.BYTES <= bytes.length) {
        of(bytes).set(INT, at + 64, claimed * Blocks.BYTES);
        of(bytes).set(INT, at + 68, claimed);
        int _ = sealRecord(of(bytes), at, claimed);
        visit(which + " length", 68, claimed, bytes, visitor);
      }
    }
  }

  private void operations(String which, int index, Visitor visitor) {
    int at = records.get(index);
    MemorySegment good = record(of(base), at);
    int blocks = (int) (good.byteSize() / Blocks.BYTES);
    if (LogRecordFields.operations(good) == 0) {
      return;
    }
    int first = (int) LogRecordFields.operationsOffset(good);
    for (int value = 0; value < 256; value++) {
      byte[] bytes = base.clone();
      of(bytes).set(JAVA_BYTE, at + first, (byte) value);
      sealFrom(of(bytes), index, blocks);
      visit(which + " kind", first, value, bytes, visitor);
    }
    for (int offset = first + 8; offset < first + OperationFormat.PUT_BYTES; offset += 8) {
      for (long value : LONGS) {
        byte[] bytes = base.clone();
        of(bytes).set(LONG, at + offset, value);
        sealFrom(of(bytes), index, blocks);
        visit(which + " operation", offset, value, bytes, visitor);
      }
    }
  }

  /** Whole records with operations that no store of this version writes, marked as durable. */
  private void crafted(Visitor visitor) {
    int index = records.size() - 2;
    MemorySegment good = record(of(base), records.get(index));
    long version = LogRecordFormat.sequence(good) - 1;
    MemorySegment before = record(of(base), records.get(index - 1));
    long operation = LogRecordFields.operationsOffset(before);
    long idHigh = OperationFormat.idHigh(before, operation);
    long startBlock = OperationFormat.startBlock(before, operation);
    for (int made = OperationFormat.EVICT; made <= OperationFormat.COLD_MOVE; made++) {
      for (long value : LONGS) {
        byte[] bytes = base.clone();
        MemorySegment file = of(bytes);
        int at = records.get(index);
        int length = OperationFormat.bytes(made);
        file.asSlice(at + 128, Blocks.BYTES - 128).fill((byte) 0);
        file.set(INT, at + 56, 1);
        file.set(INT, at + 60, 1);
        file.set(INT, at + 64, 136 + length);
        file.set(INT, at + 68, 1);
        file.set(INT, at + 128, 1);
        OperationFormat.delete(file, at + 136, idHigh, 0);
        file.set(JAVA_BYTE, at + 136, (byte) made);
        file.set(LONG, at + 136 + 24, version);
        file.set(LONG, at + 136 + 32, startBlock);
        file.set(LONG, at + 136 + 40, value);
        sealFrom(file, index, 1);
        visit("crafted kind " + made, 40, value, bytes, visitor);
      }
    }
  }

  /** Blobs at places that only a file with a hole has, or where another blob lies. */
  private void places(Visitor visitor) {
    int index = records.size() - 2;
    int operation =
        records.get(index)
            + (int) LogRecordFields.operationsOffset(record(of(base), records.get(index)));
    int before = records.get(index - 1);
    int operationBefore = before + (int) LogRecordFields.operationsOffset(record(of(base), before));
    byte[] overlap = base.clone();
    OperationFormat.startBlock(
        of(overlap), operation, OperationFormat.startBlock(of(base), operationBefore));
    sealFrom(of(overlap), index, 1);
    visitor.visit(new Hostile("overlap", BlockImage.of(overlap)));
    byte[] far = base.clone();
    OperationFormat.startBlock(of(far), operation, (1L << 32) - 3);
    sealFrom(of(far), index, 1);
    BlockImage image = BlockImage.of(far);
    image.truncate(1L << 44);
    visitor.visit(new Hostile("far blob", image));
  }

  /** The last chunk of each copy's index checkpoint, which has one bucket. */
  private void chunks(Visitor visitor) {
    for (int offset = 8; offset < CHUNK_ENTRIES + 3 * 40; offset += 4) {
      for (int value : INTS) {
        byte[] bytes = base.clone();
        for (int copy = 0; copy < 2; copy++) {
          of(bytes).set(INT, chunk(copy) + offset, value);
          sealChunk(of(bytes), copy);
        }
        visit("chunk", offset, value, bytes, visitor);
      }
    }
    for (int offset = 16; offset < CHUNK_ENTRIES + 3 * 40; offset += 8) {
      for (long value : LONGS) {
        byte[] bytes = base.clone();
        for (int copy = 0; copy < 2; copy++) {
          of(bytes).set(LONG, chunk(copy) + offset, value);
          sealChunk(of(bytes), copy);
        }
        visit("chunk", offset, value, bytes, visitor);
      }
    }
    for (int value = 0; value < 256; value++) {
      byte[] bytes = base.clone();
      for (int copy = 0; copy < 2; copy++) {
        of(bytes).set(JAVA_BYTE, chunk(copy) + CHUNK_ENTRIES + 23, (byte) value);
        sealChunk(of(bytes), copy);
      }
      visit("chunk kind", CHUNK_ENTRIES + 23, value, bytes, visitor);
    }
  }

  private long chunk(int copy) {
    return Blocks.offset(of(base).get(LONG, Blocks.offset(copy) + CHECKPOINT_START));
  }

  private void sealChunk(MemorySegment file, int copy) {
    long superblock = Blocks.offset(copy);
    MemorySegment chunk =
        file.asSlice(
            chunk(copy), Blocks.offset(of(base).get(LONG, superblock + CHECKPOINT_START + 8)));
    int crc = Checksum.crc32c(chunk.asSlice(0, CHUNK_CRC), chunk.asSlice(CHUNK_CRC + 4));
    chunk.set(INT, CHUNK_CRC, crc);
    file.set(INT, superblock + CHECKPOINT_CRC, crc);
    sealSuperblock(file, copy);
  }

  private void sizes(Visitor visitor) {
    for (long size :
        new long[] {
          0,
          1,
          511,
          4095,
          4096,
          4097,
          8191,
          8192,
          8193,
          12_288,
          12_289,
          20_000,
          base.length / 2,
          base.length - 1,
          base.length + 1,
          base.length + 4096,
          1L << 30,
          1L << 40,
          1L << 44
        }) {
      BlockImage image = BlockImage.of(base);
      image.truncate(size);
      visitor.visit(new Hostile("size=" + size, image));
    }
  }

  private static void visit(String what, int offset, long value, byte[] bytes, Visitor visitor) {
    visitor.visit(
        new Hostile(what + " offset=" + offset + " value=" + value, BlockImage.of(bytes)));
  }
}
