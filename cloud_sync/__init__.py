"""Edge side of the cloud: outbox -> MQTT, answers -> events. hub/ is the reference cloud."""
