package io.ashlar.store.recover;

import static org.assertj.core.api.Assertions.assertThat;

import io.ashlar.store.disk.SimulatedDisk;
import io.ashlar.store.format.Blocks;
import io.ashlar.store.format.ChecksumView;
import io.ashlar.store.format.LogRecord;
import io.ashlar.store.format.LogRecordFormat;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class LogReaderTest {

  private static final int RECORDS = 40;

  /** Writes empty records so many blocks apart; returns the file's blocks. */
  private static long write(SimulatedDisk disk, int stride) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment memory = arena.allocate(Blocks.BYTES, Blocks.BYTES);
      ChecksumView view = new ChecksumView(memory);
      for (int i = 0; i < RECORDS; i++) {
        long block = Blocks.FIRST + (long) i * stride;
        long bytes = LogRecordFormat.recordBytes(0, 0);
        var _ =
            LogRecordFormat.seal(
                view, 1, 1, i + 1, i, block, 1, 0, 0, bytes, stride - 1, 0, 0, 0, 0);
        disk.write(memory, Blocks.offset(block));
      }
    }
    return disk.size() / Blocks.BYTES;
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 16, 17, 40, 100, 300})
  void shouldFindRecordsHoweverFarApartTheyLie(int stride) {
    try (SimulatedDisk disk = new SimulatedDisk()) {
      long fileBlocks = write(disk, stride);
      try (LogReader reader = new LogReader(disk, fileBlocks)) {
        long block = Blocks.FIRST;
        for (int i = 0; i < RECORDS; i++) {
          LogRecord record = Objects.requireNonNull(reader.record(block, fileBlocks));
          assertThat(record.sequence()).isEqualTo(i + 1);
          assertThat(record.block()).isEqualTo(block);
          block += record.blocks() + record.behindBlocks();
        }
        assertThat(reader.record(block, fileBlocks)).isNull();
        LogRecord again = Objects.requireNonNull(reader.record(Blocks.FIRST, fileBlocks));
        assertThat(again.sequence()).isEqualTo(1);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 17, 300})
  void shouldFindWhatBeginsLikeARecordBlockByBlock(int stride) {
    try (SimulatedDisk disk = new SimulatedDisk()) {
      long fileBlocks = write(disk, stride);
      try (LogReader reader = new LogReader(disk, fileBlocks)) {
        long block = Blocks.FIRST;
        for (int i = 1; i < RECORDS; i++) {
          assertThat(reader.nextMagic(block, fileBlocks)).isEqualTo(block);
          block = reader.nextMagic(block + 1, fileBlocks);
          assertThat(block).isEqualTo(Blocks.FIRST + (long) i * stride);
        }
        assertThat(reader.nextMagic(block + 1, fileBlocks)).isEqualTo(fileBlocks);
        assertThat(reader.nextMagic(Blocks.FIRST + 1, Blocks.FIRST + 1))
            .isEqualTo(Blocks.FIRST + 1);
        assertThat(reader.nextMagic(fileBlocks, fileBlocks + 5)).isEqualTo(fileBlocks + 5);
      }
    }
  }

  @Test
  void shouldLeaveARecordThatWasExchangedAsItIs() {
    try (SimulatedDisk disk = new SimulatedDisk()) {
      long fileBlocks = write(disk, 2);
      try (LogReader reader = new LogReader(disk, fileBlocks)) {
        var _ = reader.record(Blocks.FIRST, fileBlocks);
        LogRecord first = reader.exchange(new LogRecord());
        LogRecord second = Objects.requireNonNull(reader.record(Blocks.FIRST + 2, fileBlocks));
        assertThat(first.sequence()).isEqualTo(1);
        assertThat(second.sequence()).isEqualTo(2);
      }
    }
  }
}
