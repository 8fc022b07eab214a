package io.ashlar.tier;

import io.ashlar.tier.object.ObjectStore;
import io.ashlar.tier.object.ObjectStoreException;
import io.ashlar.tier.object.directory.FileObjectStore;
import io.ashlar.tier.object.probe.DialectProbe;
import io.ashlar.tier.object.retry.RetryingObjectStore;
import io.ashlar.tier.object.s3.S3Location;
import io.ashlar.tier.object.s3.S3ObjectStore;
import io.ashlar.tier.object.s3.SecretFilter;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/**
 * Opens object stores by URL.
 *
 * <pre>{@code
 * ObjectStore objects = ObjectStores.open("s3://bucket/prefix?region=eu-central-1");
 * }</pre>
 *
 * <table>
 *   <caption>URLs</caption>
 *   <tr><th>URL</th><th>store</th></tr>
 *   <tr><td>{@code file:/absolute/directory}, {@code file:///absolute/directory}</td>
 *       <td>{@link FileObjectStore}</td></tr>
 *   <tr><td>{@code file:relative/directory}</td><td>the same, below the working directory</td></tr>
 *   <tr><td>{@code s3://bucket/prefix?endpoint=URL&region=NAME&pathStyle=true}</td>
 *       <td>{@link S3ObjectStore} within a {@link RetryingObjectStore}; the prefix and every
 *       parameter may be left out</td></tr>
 * </table>
 *
 * <p>Before the first write to an endpoint and bucket, {@link DialectProbe} tests whether its
 * conditional writes are real. If they are not, such writes are refused, unless {@code writers=one}
 * promises that there is only one writer. Reads need no probe.
 *
 * <p>A URL never carries credentials. One that does is refused, and the message does not repeat it.
 *
 * <p>Thread: any.
 */
public final class ObjectStores {
  private ObjectStores() {}

  /**
   * Opens the store that {@code url} names. No request is sent to a remote one yet.
   *
   * @param url the URL, of one of the forms above.
   * @return the store; the caller closes it.
   * @throws IllegalArgumentException if the URL is not one of the forms above; the message has the
   *     URL without anything secret, what is wrong, and an example.
   * @throws ObjectStoreException if a directory cannot be opened, or the S3 client finds no region.
   */
  public static ObjectStore open(String url) {
    if (url.startsWith("file:")) {
      return FileObjectStore.open(directory(url));
    }
    if (url.startsWith("s3:")) {
      return S3ObjectStore.openRetrying(S3Location.parse(url));
    }
    throw SecretFilter.refused(url, "it starts with neither file: nor s3:");
  }

  private static Path directory(String url) {
    String path = url.substring("file:".length());
    if (path.startsWith("//")) {
      if (!path.startsWith("///")) {
        throw SecretFilter.refused(
            url, "a file URL has no host; write file:/absolute or file:relative");
      }
      path = path.substring(2);
    }
    if (path.isEmpty()) {
      throw SecretFilter.refused(url, "the directory is missing");
    }
    if (path.indexOf('?') >= 0) {
      throw SecretFilter.refused(url, "a file URL takes no parameters");
    }
    try {
      return Path.of(path);
    } catch (InvalidPathException e) {
      throw SecretFilter.refused(url, "the directory cannot be a path (" + e.getReason() + ")");
    }
  }
}
