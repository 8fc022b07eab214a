package io.ashlar.tier.object.s3;

import io.ashlar.tier.object.ObjectKey;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Where an {@link S3ObjectStore} is. Holds no credentials.
 *
 * @param bucket 3 to 63 characters of {@code a-z 0-9 . -}.
 * @param prefix empty, or key components and a slash at the end; every key lies below it.
 * @param endpoint an S3-compatible service, or null for AWS itself.
 * @param region the region's name, or null for what the SDK finds (with an endpoint: us-east-1).
 * @param pathStyle whether the bucket is in the path instead of the host name.
 * @param oneWriter the user's assurance that there is no other writer below the prefix. It allows
 *     conditional puts where the endpoint has no real ones.
 */
public record S3Location(
    String bucket,
    String prefix,
    @Nullable URI endpoint,
    @Nullable String region,
    boolean pathStyle,
    boolean oneWriter) {
  private static final Set<String> PARAMETERS =
      Set.of("endpoint", "region", "pathStyle", "writers");
  private static final Pattern BUCKET = Pattern.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]");
  private static final Pattern REGION = Pattern.compile("[a-z0-9-]{1,64}");

  /**
   * Creates a location that may have several writers.
   *
   * @param bucket 3 to 63 characters of {@code a-z 0-9 . -}.
   * @param prefix empty, or key components.
   * @param endpoint an S3-compatible service, or null for AWS itself.
   * @param region the region's name, or null for what the SDK finds.
   * @param pathStyle whether the bucket is in the path instead of the host name.
   * @throws IllegalArgumentException naming the part that is refused.
   */
  public S3Location(
      String bucket,
      String prefix,
      @Nullable URI endpoint,
      @Nullable String region,
      boolean pathStyle) {
    this(bucket, prefix, endpoint, region, pathStyle, false);
  }

  /** Checks all parts; a prefix with and without a slash at its end is the same. */
  public S3Location {
    if (!BUCKET.matcher(bucket).matches()) {
      throw new IllegalArgumentException(
          "bucket name refused: 3 to 63 of a-z, 0-9, dot and hyphen: bucket="
              + ObjectKey.shown(bucket));
    }
    if (!prefix.isEmpty()) {
      prefix = prefix.endsWith("/") ? prefix.substring(0, prefix.length() - 1) : prefix;
      prefix = ObjectKey.check(prefix) + "/";
    }
    if (region != null && !REGION.matcher(region).matches()) {
      throw new IllegalArgumentException("region refused: region=" + ObjectKey.shown(region));
    }
    if (endpoint != null && (endpoint.getHost() == null || endpoint.getUserInfo() != null)) {
      throw new IllegalArgumentException("endpoint refused: it has no host, or has user info");
    }
  }

  /**
   * Reads {@code s3://bucket/prefix?endpoint=URL&region=NAME&pathStyle=true&writers=one}. An
   * endpoint without a scheme means https; plain http must be said.
   *
   * @param url the URL, without credentials.
   * @return the location.
   * @throws IllegalArgumentException as {@link io.ashlar.tier.ObjectStores#open} says.
   */
  public static S3Location parse(String url) {
    if (SecretFilter.hasSecret(url)) {
      throw SecretFilter.refused(
          url, "it carries credentials; give them by the environment, a profile or a role instead");
    }
    if (!url.startsWith("s3://")) {
      throw SecretFilter.refused(url, "it does not start with s3://");
    }
    int question = url.indexOf('?');
    String place = url.substring("s3://".length(), question < 0 ? url.length() : question);
    Map<String, String> parameters = question < 0 ? Map.of() : parameters(url, question + 1);
    int slash = place.indexOf('/');
    String bucket = slash < 0 ? place : place.substring(0, slash);
    String prefix = slash < 0 ? "" : place.substring(slash + 1);
    try {
      return new S3Location(
          bucket,
          prefix,
          endpoint(url, parameters.get("endpoint")),
          parameters.get("region"),
          pathStyle(url, parameters.get("pathStyle")),
          oneWriter(url, parameters.get("writers")));
    } catch (IllegalArgumentException e) {
      String message = String.valueOf(e.getMessage());
      throw message.startsWith("object store URL refused") ? e : SecretFilter.refused(url, message);
    }
  }

  private static Map<String, String> parameters(String url, int start) {
    Map<String, String> parameters = new HashMap<>();
    for (String parameter : url.substring(start).split("&", -1)) {
      int equals = parameter.indexOf('=');
      String name = equals < 0 ? parameter : parameter.substring(0, equals);
      if (!PARAMETERS.contains(name)) {
        throw SecretFilter.refused(
            url,
            "parameter "
                + ObjectKey.shown(name)
                + " is none of endpoint, region, pathStyle, writers (credentials never go into a URL)");
      }
      String value = equals < 0 ? "" : parameter.substring(equals + 1);
      try {
        value = URLDecoder.decode(value, StandardCharsets.UTF_8);
      } catch (IllegalArgumentException e) {
        throw SecretFilter.refused(url, "parameter " + name + " has a broken %XX");
      }
      if (value.isEmpty() || parameters.put(name, value) != null) {
        throw SecretFilter.refused(url, "parameter " + name + " is empty or given twice");
      }
    }
    return parameters;
  }

  private static @Nullable URI endpoint(String url, @Nullable String value) {
    if (value == null) {
      return null;
    }
    if (SecretFilter.hasSecret(value)) {
      throw new IllegalArgumentException(
          "object store URL refused: its endpoint carries credentials; give them by the"
              + " environment, a profile or a role instead");
    }
    try {
      URI endpoint = new URI(value.contains("://") ? value : "https://" + value);
      String scheme = String.valueOf(endpoint.getScheme());
      String path = String.valueOf(endpoint.getPath());
      if (!(scheme.equals("http") || scheme.equals("https"))
          || endpoint.getHost() == null
          || !(path.isEmpty() || path.equals("/"))
          || endpoint.getQuery() != null) {
        throw SecretFilter.refused(url, "the endpoint is not http(s)://host:port");
      }
      return endpoint;
    } catch (URISyntaxException e) {
      throw SecretFilter.refused(url, "the endpoint is not http(s)://host:port");
    }
  }

  private static boolean pathStyle(String url, @Nullable String value) {
    if (value == null || value.equals("false")) {
      return false;
    }
    if (value.equals("true")) {
      return true;
    }
    throw SecretFilter.refused(url, "pathStyle is neither true nor false");
  }

  private static boolean oneWriter(String url, @Nullable String value) {
    if (value == null || value.equals("many")) {
      return false;
    }
    if (value.equals("one")) {
      return true;
    }
    throw SecretFilter.refused(url, "writers is neither one nor many");
  }

  /** The endpoint and bucket, whose dialect is the same below every prefix. */
  String place() {
    return (endpoint == null ? "aws" : endpoint.toString()) + " " + bucket;
  }

  /** The bucket and prefix as a URL, without parameters. */
  @Override
  public String toString() {
    return "s3://" + bucket + "/" + prefix;
  }
}
