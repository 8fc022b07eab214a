package io.ashlar.tier.object;

import io.ashlar.store.settings.Setting;
import io.ashlar.store.settings.SettingTable;
import io.ashlar.store.settings.Settings;

/**
 * What requests cost, in billionths of a currency unit ("nanos"), so that no fraction is lost. An
 * estimate: storage, taxes and free allowances are not in it.
 *
 * <p>Immutable: each method {@code with…} returns a changed copy, and refuses a value that breaks
 * the rule of its setting with an {@link IllegalArgumentException} that names the setting, the rule
 * and the value.
 */
public final class PriceList {
  private static final SettingTable TABLE = new SettingTable("PriceList");
  private static final Setting<Long> PUT_NANOS = TABLE.number("putNanos", 5_000, 0, Long.MAX_VALUE);
  private static final Setting<Long> GET_NANOS = TABLE.number("getNanos", 400, 0, Long.MAX_VALUE);
  private static final Setting<Long> HEAD_NANOS = TABLE.number("headNanos", 400, 0, Long.MAX_VALUE);
  private static final Setting<Long> LIST_NANOS =
      TABLE.number("listNanos", 5_000, 0, Long.MAX_VALUE);
  private static final Setting<Long> DELETE_NANOS =
      TABLE.number("deleteNanos", 0, 0, Long.MAX_VALUE);
  private static final Setting<Long> SENT_NANOS_PER_GIB =
      TABLE.number("sentNanosPerGib", 0, 0, Long.MAX_VALUE);
  private static final Setting<Long> RECEIVED_NANOS_PER_GIB =
      TABLE.number("receivedNanosPerGib", 0, 0, Long.MAX_VALUE);

  /**
   * US dollars, of the order of what large services charge within a region: 0.005 for 1000 writes
   * or listings, 0.0004 for 1000 reads, nothing for deletes and traffic. Give your own.
   */
  public static final PriceList DEFAULTS = new PriceList(TABLE.defaults());

  private final Settings settings;

  private PriceList(Settings settings) {
    this.settings = settings;
  }

  /** Returns the price of a put, a part, or the start or completion of an upload. */
  public long putNanos() {
    return settings.get(PUT_NANOS);
  }

  /** Returns these prices with another {@link #putNanos}. */
  public PriceList withPutNanos(long value) {
    return new PriceList(settings.with(PUT_NANOS, value));
  }

  /** Returns the price of a get. */
  public long getNanos() {
    return settings.get(GET_NANOS);
  }

  /** Returns these prices with another {@link #getNanos}. */
  public PriceList withGetNanos(long value) {
    return new PriceList(settings.with(GET_NANOS, value));
  }

  /** Returns the price of a head. */
  public long headNanos() {
    return settings.get(HEAD_NANOS);
  }

  /** Returns these prices with another {@link #headNanos}. */
  public PriceList withHeadNanos(long value) {
    return new PriceList(settings.with(HEAD_NANOS, value));
  }

  /** Returns the price of a page listed. */
  public long listNanos() {
    return settings.get(LIST_NANOS);
  }

  /** Returns these prices with another {@link #listNanos}. */
  public PriceList withListNanos(long value) {
    return new PriceList(settings.with(LIST_NANOS, value));
  }

  /** Returns the price of a bulk delete. */
  public long deleteNanos() {
    return settings.get(DELETE_NANOS);
  }

  /** Returns these prices with another {@link #deleteNanos}. */
  public PriceList withDeleteNanos(long value) {
    return new PriceList(settings.with(DELETE_NANOS, value));
  }

  /** Returns the price of a GiB sent to the store. */
  public long sentNanosPerGib() {
    return settings.get(SENT_NANOS_PER_GIB);
  }

  /** Returns these prices with another {@link #sentNanosPerGib}. */
  public PriceList withSentNanosPerGib(long value) {
    return new PriceList(settings.with(SENT_NANOS_PER_GIB, value));
  }

  /** Returns the price of a GiB received from it. */
  public long receivedNanosPerGib() {
    return settings.get(RECEIVED_NANOS_PER_GIB);
  }

  /** Returns these prices with another {@link #receivedNanosPerGib}. */
  public PriceList withReceivedNanosPerGib(long value) {
    return new PriceList(settings.with(RECEIVED_NANOS_PER_GIB, value));
  }

  /** Returns what these requests cost, in nanos. */
  public long costNanos(RequestCounts counts) {
    double gib = 1L << 30;
    return counts.puts() * putNanos()
        + counts.gets() * getNanos()
        + counts.heads() * headNanos()
        + counts.lists() * listNanos()
        + counts.deletes() * deleteNanos()
        + Math.round(counts.bytesSent() / gib * sentNanosPerGib())
        + Math.round(counts.bytesReceived() / gib * receivedNanosPerGib());
  }

  /** Returns name and value of every setting. */
  @Override
  public String toString() {
    return settings.toString();
  }
}
