package io.ashlar.tier.readback;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;

/**
 * One GET of frames, or of a whole old batch. Says where, how much and how it ended; no secrets.
 */
@Name("io.ashlar.TierReadBack")
@Label("Tier Read-Back")
@Category({"Ashlar", "Tier"})
@Description("A read of evicted blobs from object storage")
@StackTrace(false)
@Threshold("20 ms")
final class ReadBackEvent extends Event {
  @Label("Batch")
  String batch = "";

  @Label("Offset")
  long offset;

  @Label("Bytes")
  @DataAmount
  long bytes;

  @Label("Frames Asked For")
  int framesAsked;

  @Label("Frames Ahead")
  int framesAhead;

  @Label("Failure")
  @Description("The exception's class, or empty")
  String failure = "";
}
