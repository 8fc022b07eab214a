package io.ashlar.tier.object;

import io.ashlar.store.settings.Setting;
import io.ashlar.store.settings.SettingTable;
import io.ashlar.store.settings.Settings;

/**
 * What requests cost, in billionths of a currency unit ("nanos"), so that no fraction is lost. An
 * estimate: storage, taxes and free allowances are not in it.
 *
 * <p>Immutable: each method {@code with…} returns a changed copy. A value out of range is refused
 * with an {@link IllegalArgumentException} that names the setting, the rule and the value.
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
   * Prices in US dollars, roughly those of large services within a region. 1,000 writes or listings
   * cost 0.005, 1,000 reads 0.0004; deletes and traffic are free. Replace them by your own.
   */
  public static final PriceList DEFAULTS = new PriceList(TABLE.defaults());

  private final Settings settings;

  private PriceList(Settings settings) {
    this.settings = settings;
  }

  /** {@return the price of a put, a part, or the start or completion of an upload} */
  public long putNanos() {
    return settings.get(PUT_NANOS);
  }

  /**
   * {@return these prices with another {@link #putNanos}}
   *
   * @param value the new value.
   */
  public PriceList withPutNanos(long value) {
    return new PriceList(settings.with(PUT_NANOS, value));
  }

  /** {@return the price of a get} */
  public long getNanos() {
    return settings.get(GET_NANOS);
  }

  /**
   * {@return these prices with another {@link #getNanos}}
   *
   * @param value the new value.
   */
  public PriceList withGetNanos(long value) {
    return new PriceList(settings.with(GET_NANOS, value));
  }

  /** {@return the price of a head} */
  public long headNanos() {
    return settings.get(HEAD_NANOS);
  }

  /**
   * {@return these prices with another {@link #headNanos}}
   *
   * @param value the new value.
   */
  public PriceList withHeadNanos(long value) {
    return new PriceList(settings.with(HEAD_NANOS, value));
  }

  /** {@return the price of a page listed} */
  public long listNanos() {
    return settings.get(LIST_NANOS);
  }

  /**
   * {@return these prices with another {@link #listNanos}}
   *
   * @param value the new value.
   */
  public PriceList withListNanos(long value) {
    return new PriceList(settings.with(LIST_NANOS, value));
  }

  /** {@return the price of a bulk delete} */
  public long deleteNanos() {
    return settings.get(DELETE_NANOS);
  }

  /**
   * {@return these prices with another {@link #deleteNanos}}
   *
   * @param value the new value.
   */
  public PriceList withDeleteNanos(long value) {
    return new PriceList(settings.with(DELETE_NANOS, value));
  }

  /** {@return the price of a GiB sent to the store} */
  public long sentNanosPerGib() {
    return settings.get(SENT_NANOS_PER_GIB);
  }

  /**
   * {@return these prices with another {@link #sentNanosPerGib}}
   *
   * @param value the new value.
   */
  public PriceList withSentNanosPerGib(long value) {
    return new PriceList(settings.with(SENT_NANOS_PER_GIB, value));
  }

  /** {@return the price of a GiB received from it} */
  public long receivedNanosPerGib() {
    return settings.get(RECEIVED_NANOS_PER_GIB);
  }

  /**
   * {@return these prices with another {@link #receivedNanosPerGib}}
   *
   * @param value the new value.
   */
  public PriceList withReceivedNanosPerGib(long value) {
    return new PriceList(settings.with(RECEIVED_NANOS_PER_GIB, value));
  }

  /**
   * {@return what these requests cost, in nanos}
   *
   * @param counts the requests.
   */
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

  /** {@return name and value of every setting} */
  @Override
  public String toString() {
    return settings.toString();
  }
}
