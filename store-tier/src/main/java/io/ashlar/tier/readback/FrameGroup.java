package io.ashlar.tier.readback;

import java.util.List;

/**
 * What one fetch reads.
 *
 * @param key the batch's key.
 * @param slots slots of that batch in the order of their offsets, one or more.
 * @param plan which bytes to read; ignored for a whole batch.
 */
record FrameGroup(String key, List<FrameSlot> slots, ReadAhead.Plan plan) {

  /** A fetch of one slot and nothing beyond it. */
  static FrameGroup alone(FrameSlot slot) {
    return new FrameGroup(
        slot.place.key(), List.of(slot), new ReadAhead.Plan(slot.offset(), slot.end()));
  }

  FrameSlot first() {
    return slots.getFirst();
  }

  /** The byte after the last one that is asked for. */
  long end() {
    return slots.stream().mapToLong(FrameSlot::end).max().orElse(0);
  }
}
