package io.ashlar.jmh.peer;

import java.nio.file.Path;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.concurrent.locks.ReentrantLock;
import org.sqlite.SQLiteConfig;

/**
 * SQLite with a write-ahead log and synchronous=FULL, one transaction a batch.
 *
 * <p>Its ids are integers, the key that it is fastest with. All threads share one connection behind
 * a lock, which is faster than connections that wait for one another by polling.
 */
public final class SqliteStore implements PeerStore {

  private final ReentrantLock lock = new ReentrantLock();
  private final Connection connection;
  private final PreparedStatement upsert;
  private final PreparedStatement select;

  /** Opens a database in {@code folder}. */
  public SqliteStore(Path folder) {
    SQLiteConfig config = new SQLiteConfig();
    config.setJournalMode(SQLiteConfig.JournalMode.WAL);
    config.setSynchronous(SQLiteConfig.SynchronousMode.FULL);
    try {
      connection = config.createConnection("jdbc:sqlite:" + folder.resolve("values.db"));
      try (Statement statement = connection.createStatement()) {
        var _ =
            statement.execute(
                "CREATE TABLE IF NOT EXISTS blobs (id INTEGER PRIMARY KEY, value BLOB NOT NULL)");
      }
      connection.setAutoCommit(false);
      upsert =
          connection.prepareStatement(
              "INSERT INTO blobs (id, value) VALUES (?, ?)"
                  + " ON CONFLICT (id) DO UPDATE SET value = excluded.value");
      select = connection.prepareStatement("SELECT value FROM blobs WHERE id = ?");
    } catch (SQLException e) {
      throw failed("open", e);
    }
  }

  @Override
  public String durability() {
    return "WAL, synchronous=FULL (fdatasync of the log); integer keys; one connection";
  }

  @Override
  public PeerWriter openWriter() {
    return this::commit;
  }

  private void commit(BlobBatch batch) {
    lock.lock();
    try {
      for (int i = 0; i < batch.count(); i++) {
        batch.changePages(i); // SQLite does not write a page whose bytes stay the same
        upsert.setLong(1, batch.id(i));
        upsert.setBytes(2, batch.array(i));
        var _ = upsert.executeUpdate();
      }
      connection.commit();
    } catch (SQLException e) {
      throw failed("commit", e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public long read(int id, ReadBuffer target) {
    lock.lock();
    try {
      select.setLong(1, id);
      try (ResultSet result = select.executeQuery()) {
        if (!result.next()) {
          return -1;
        }
        byte[] value = result.getBytes(1);
        var _ = target.direct().put(value);
        return value.length;
      }
    } catch (SQLException e) {
      throw failed("read", e);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    try {
      upsert.close();
      select.close();
      connection.commit();
      connection.close();
    } catch (SQLException e) {
      throw failed("close", e);
    }
  }

  private static PeerFailedException failed(String operation, SQLException cause) {
    return new PeerFailedException("SQLite failed to " + operation, cause);
  }
}
