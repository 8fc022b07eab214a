package io.ashlar.tier.readback;

import io.ashlar.tier.checkpoint.TierKeys;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Slots that no fetch has taken yet, by batch, and which of them one GET should read together.
 *
 * <p>Thread: the one that holds the lock of {@link SlotTable}.
 */
final class WaitingSlots {
  private static final long SPAN_BYTES_MAX = 8L << 20;

  private final long gapBytesMax;
  private final Map<TierKeys.BatchName, List<FrameSlot>> slots = new HashMap<>();

  /**
   * @param gapBytesMax most bytes between two slots that one GET reads.
   */
  WaitingSlots(long gapBytesMax) {
    this.gapBytesMax = gapBytesMax;
  }

  void add(FrameSlot slot) {
    slots.computeIfAbsent(slot.place.name(), name -> new ArrayList<>()).add(slot);
  }

  /** Takes a slot out, if it is here, and clears its {@code waiting} flag. */
  void remove(FrameSlot slot) {
    slot.waiting = false;
    List<FrameSlot> others = slots.get(slot.place.name());
    if (others != null) {
      others.remove(slot);
      if (others.isEmpty()) {
        slots.remove(slot.place.name());
      }
    }
  }

  /**
   * Returns {@code asked} and the slots near enough to share its GET, directly or over other slots,
   * in the order of their offsets.
   */
  List<FrameSlot> near(FrameSlot asked) {
    List<FrameSlot> sorted = new ArrayList<>(slots.getOrDefault(asked.place.name(), List.of()));
    sorted.removeIf(slot -> slot.place.isWhole());
    sorted.sort((a, b) -> Long.compare(a.offset(), b.offset()));
    int first = sorted.indexOf(asked);
    int last = first;
    long start = asked.offset();
    long end = asked.end();
    while (last + 1 < sorted.size() && fits(start, end, sorted.get(last + 1))) {
      end = Math.max(end, sorted.get(++last).end());
    }
    while (first > 0 && fits(start, end, sorted.get(first - 1))) {
      start = sorted.get(--first).offset();
      end = Math.max(end, sorted.get(first).end());
    }
    return List.copyOf(sorted.subList(first, last + 1));
  }

  private boolean fits(long start, long end, FrameSlot other) {
    long gap = other.offset() >= start ? other.offset() - end : start - other.end();
    long span = Math.max(end, other.end()) - Math.min(start, other.offset());
    return gap <= gapBytesMax && span <= SPAN_BYTES_MAX;
  }

  int count() {
    return slots.values().stream().mapToInt(List::size).sum();
  }
}
