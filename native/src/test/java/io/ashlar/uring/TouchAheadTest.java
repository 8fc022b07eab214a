package io.ashlar.uring;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class TouchAheadTest {
  private static final long BYTES = 64L << 20;
  private static final long PAGE_BYTES = 4096;

  private static long residentBytes() throws IOException {
    return Long.parseLong(Files.readString(Path.of("/proc/self/statm")).split(" ")[1]) * PAGE_BYTES;
  }

  private static boolean canPopulate() {
    try (NativeMemory memory = NativeMemory.reserve(PAGE_BYTES)) {
      return NativeMemory.populate(memory.segment());
    }
  }

  @Test
  void shouldTouchMemoryThatIsInUse() throws IOException, InterruptedException {
    assumeThat(canPopulate()).as("Linux 5.14 or later").isTrue();
    try (NativeMemory memory = NativeMemory.reserve(BYTES)) {
      MemorySegment segment = memory.segment();
      segment.set(JAVA_LONG, 0, 42);
      segment.set(JAVA_LONG, BYTES - 8, 43);
      long before = residentBytes();
      MemorySegment half = segment.asSlice(0, BYTES / 2);
      try (TouchAhead _ = new TouchAhead("touch", List.of(half, segment.asSlice(BYTES / 2)))) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (residentBytes() - before < BYTES * 3 / 4 && System.nanoTime() - deadline < 0) {
          Thread.sleep(5);
        }
      }
      assertThat(residentBytes() - before).isGreaterThanOrEqualTo(BYTES * 3 / 4);
      assertThat(segment.get(JAVA_LONG, 0)).isEqualTo(42);
      assertThat(segment.get(JAVA_LONG, BYTES - 8)).isEqualTo(43);
      assertThat(segment.get(JAVA_BYTE, BYTES / 2)).isZero();
    }
  }

  @Test
  void shouldEndBeforeTheMemoryIsUnmapped() {
    for (int i = 0; i < 50; i++) {
      NativeMemory memory = NativeMemory.reserve(BYTES);
      TouchAhead touching = new TouchAhead("touch", List.of(memory.segment()));
      touching.close();
      touching.close();
      memory.close();
    }
    assertThat(Thread.getAllStackTraces().keySet())
        .noneMatch(thread -> thread.getName().equals("touch"));
  }
}
