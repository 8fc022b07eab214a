package io.ashlar.tier.pack;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Threshold;

/** One batch that was finished and sent. Says what, how much and how it ended; no secrets. */
@Name("io.ashlar.TierUpload")
@Label("Tier Upload")
@Category({"Ashlar", "Tier"})
@Description("A batch object sent to object storage")
@StackTrace(false)
@Threshold("20 ms")
final class TierUploadEvent extends Event {
  @Label("Batch")
  String batch = "";

  @Label("Entries")
  long entries;

  @Label("Bytes")
  @DataAmount
  long bytes;

  @Label("Uncompressed Bytes")
  @DataAmount
  long uncompressedBytes;

  @Label("Failure")
  @Description("The exception's class, or empty")
  String failure = "";
}
