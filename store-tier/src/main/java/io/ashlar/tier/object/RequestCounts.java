package io.ashlar.tier.object;

/**
 * Requests that a store has sent since it was opened, by the classes that a bill knows. A repeated
 * attempt counts again.
 *
 * @param puts puts, and each part, start and completion of a multipart upload.
 * @param gets reads of an object, whole or ranged.
 * @param heads questions about one object.
 * @param lists pages listed.
 * @param deletes bulk deletes (not keys) and aborted uploads.
 * @param bytesSent body bytes handed to puts and parts.
 * @param bytesReceived body bytes that readers took from gets.
 */
public record RequestCounts(
    long puts,
    long gets,
    long heads,
    long lists,
    long deletes,
    long bytesSent,
    long bytesReceived) {

  /** {@return number of requests of every kind} */
  public long requests() {
    return puts + gets + heads + lists + deletes;
  }

  /**
   * {@return what was added since {@code earlier}}
   *
   * @param earlier a snapshot of the same store.
   */
  public RequestCounts since(RequestCounts earlier) {
    return new RequestCounts(
        puts - earlier.puts,
        gets - earlier.gets,
        heads - earlier.heads,
        lists - earlier.lists,
        deletes - earlier.deletes,
        bytesSent - earlier.bytesSent,
        bytesReceived - earlier.bytesReceived);
  }
}
