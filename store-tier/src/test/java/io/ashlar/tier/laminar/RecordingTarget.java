package io.ashlar.tier.laminar;

import io.ashlar.tier.laminar.CheckpointManifest.SourceOffsetEntry;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** An operator set whose state is text: a delta is appended. */
final class RecordingTarget implements CheckpointTarget {
  final TreeMap<String, String> state = new TreeMap<>();
  final List<String> seeks = new ArrayList<>();
  int clears;
  String refused = "nothing";

  @Override
  public void clear() {
    clears++;
    state.clear();
    seeks.clear();
  }

  @Override
  public void restore(String operator, long partition, MemorySegment data) {
    String text = text(data);
    if (text.equals(refused)) {
      throw new IllegalStateException("cannot take " + text);
    }
    String before = state.put(operator + "/" + partition, text);
    if (before != null) {
      throw new AssertionError("restored twice, or not from a clean state: " + before);
    }
  }

  @Override
  public void applyDelta(String operator, long partition, MemorySegment data) {
    state.compute(
        operator + "/" + partition,
        (key, before) -> {
          if (before == null) {
            throw new AssertionError("delta before its whole state");
          }
          return before + text(data);
        });
  }

  @Override
  public void seek(String source, SourceOffsetEntry offsets) {
    seeks.add(source + offsets.offsets());
  }

  private static String text(MemorySegment data) {
    return new String(data.toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
  }
}
