package io.ashlar.tier.object.s3;

import io.ashlar.tier.object.request.RequestCounters;
import java.net.URI;
import java.time.Duration;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.http.apache5.Apache5HttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.api.RetryStrategy;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;

/** How the SDK's client is set up for an {@link S3ObjectStore}. Thread: any; there is no state. */
final class S3ClientSetup {
  private static final int CONNECTIONS_MAX = 64;
  private static final Duration CONNECT_TIMEOUT = Duration.ofSeconds(5);
  private static final Duration SOCKET_TIMEOUT = Duration.ofSeconds(30);

  private S3ClientSetup() {}

  /**
   * Makes a client. Sends nothing.
   *
   * @param counters counts what is sent.
   * @throws software.amazon.awssdk.core.exception.SdkException if no region is given or found.
   */
  static S3Client client(
      S3Location place,
      AwsCredentialsProvider credentials,
      RetryStrategy retries,
      RequestCounters counters) {
    S3ClientBuilder builder =
        S3Client.builder()
            .httpClientBuilder(
                Apache5HttpClient.builder()
                    .maxConnections(CONNECTIONS_MAX)
                    .connectionTimeout(CONNECT_TIMEOUT)
                    .socketTimeout(SOCKET_TIMEOUT))
            .credentialsProvider(credentials)
            .forcePathStyle(place.pathStyle())
            .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
            .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
            .overrideConfiguration(c ->
                c.retryStrategy(retries)
                    .addExecutionInterceptor(new S3RequestCount(counters))
                    .addExecutionInterceptor(new S3PastCaches()));
    URI endpoint = place.endpoint();
    String region = place.region();
    if (endpoint != null) {
      builder.endpointOverride(endpoint);
    }
    if (region != null || endpoint != null) {
      builder.region(region == null ? Region.US_EAST_1 : Region.of(region));
    }
    return builder.build();
  }
}
