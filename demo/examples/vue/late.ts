import { createApp } from 'vue';
import Late from './Late.vue';

createApp(Late).mount('#app');
