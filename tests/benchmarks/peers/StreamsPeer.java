import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Map;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

/** Kafka Streams: exactly once v2, one thread, state in RocksDB with its changelog, Jackson. */
public final class StreamsPeer {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final double HALF_LIFE_SECONDS = 14 * 86_400;
    private static final Map<String, Double> POINTS = Map.ofEntries(
        Map.entry("page_view", 1.0), Map.entry("email_open", 0.5),
        Map.entry("return_visit", 4.0), Map.entry("ad_click", 2.0),
        Map.entry("email_click", 3.0), Map.entry("case_study_view", 5.0),
        Map.entry("pricing_view", 12.0), Map.entry("ebook_download", 8.0),
        Map.entry("integration_docs", 8.0), Map.entry("webinar_registered", 6.0),
        Map.entry("roi_calculator", 15.0), Map.entry("demo_request", 40.0));
    private static final byte COLD = 0, WARM = 1, MQL = 2, SAL = 3, NURTURE = 4;
    private static final int STATE_BYTES = 8 + 8 + 1 + 4 + 4;

    /** The simple job: a score that fades, a stage, a handover; 25 bytes of state a lead. */
    static final class Decide implements Processor<byte[], byte[], byte[], byte[]> {
        private ProcessorContext<byte[], byte[]> context;
        private KeyValueStore<byte[], byte[]> states;

        @Override
        public void init(ProcessorContext<byte[], byte[]> given) {
            context = given;
            states = given.getStateStore("states");
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            JsonNode event;
            double at;
            try {
                event = JSON.readTree(record.value());
                at = Instant.parse(event.path("time").asText()).toEpochMilli() / 1000.0;
            } catch (java.io.IOException | java.time.DateTimeException broken) {
                return;
            }
            double score = 0, last = 0;
            byte stage = COLD;
            int fit = 0, count = 0;
            byte[] known = states.get(record.key());
            if (known != null) {
                ByteBuffer read = ByteBuffer.wrap(known);
                score = read.getDouble();
                last = read.getDouble();
                stage = read.get();
                fit = read.getInt();
                count = read.getInt();
            }
            if (at > last) {
                score *= Math.pow(0.5, (at - last) / HALF_LIFE_SECONDS);
            } else {
                at = last;
            }
            JsonNode data = event.path("data");
            switch (event.path("type").asText()) {
                case "lead.engaged.v1":
                    score += POINTS.getOrDefault(data.path("activity").asText(), 0.0);
                    break;
                case "lead.profiled.v1":
                    fit = data.path("attributes").size();
                    break;
                case "lead.claimed.v1":
                    stage = SAL;
                    break;
                case "lead.lost.v1":
                    stage = NURTURE;
                    break;
                default:
                    break;
            }
            boolean offered = false;
            if (stage == COLD || stage == WARM || stage == NURTURE) {
                if (score >= 60) {
                    stage = MQL;
                    offered = true;
                } else {
                    stage = score >= 35 ? WARM : COLD;
                }
            }
            byte[] made = new byte[STATE_BYTES];
            ByteBuffer.wrap(made).putDouble(score).putDouble(at).put(stage).putInt(fit).putInt(count + 1);
            states.put(record.key(), made);
            if (offered) {
                context.forward(record.withValue(made));
            }
        }
    }

    /** Bootstrap servers, topic to read, topic of handovers, application id, folder, cache bytes. */
    public static void main(String[] given) {
        Properties settings = new Properties();
        settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, given[0]);
        settings.put(StreamsConfig.APPLICATION_ID_CONFIG, given[3]);
        settings.put(StreamsConfig.STATE_DIR_CONFIG, given[4]);
        settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, given[5]);
        settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.EXACTLY_ONCE_V2);
        settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 100);
        settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, 1);
        settings.put(StreamsConfig.REPLICATION_FACTOR_CONFIG, 1);
        settings.put(StreamsConfig.DEFAULT_KEY_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
        settings.put(StreamsConfig.DEFAULT_VALUE_SERDE_CLASS_CONFIG, Serdes.ByteArraySerde.class);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.MAX_POLL_RECORDS_CONFIG), 5000);
        settings.put(StreamsConfig.consumerPrefix(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG), "earliest");
        settings.put(StreamsConfig.producerPrefix(ProducerConfig.LINGER_MS_CONFIG), 5);
        Topology topology = new Topology();
        topology.addSource("signals", given[1]);
        topology.addProcessor("decide", Decide::new, "signals");
        topology.addStateStore(
            Stores.keyValueStoreBuilder(
                Stores.persistentKeyValueStore("states"), Serdes.ByteArray(), Serdes.ByteArray())
                .withCachingEnabled(),
            "decide");
        topology.addSink("handovers", given[2], "decide");
        KafkaStreams streams = new KafkaStreams(topology, settings);
        Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
        streams.start();
    }
}
